"""What may be chosen about a diffusion model of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from doppelscan.errors import InputError, Problem
from doppelscan.generators.recipe import Training

__all__ = ["PRESETS", "DdpmSettings", "Sampler"]

Sampler = Literal["dpm++", "ddim", "ddpm"]


@dataclass(frozen=True)
class DdpmSettings:
    """The settings of one model; `training` is its schedule.

    Attributes
    ----------
    learning_rate
        The largest: `warm_up` leads to it, `decay` away from it.
    conditional
        Whether it learns what the labels look like.
    channels, attention, blocks, head_channels
        Of the U-Net: channels and whether there is attention at each level, residual blocks a level.
    patch
        Pixels along each axis that the U-Net takes as one place of its finest level.
    steps
        Steps of noise between an image and nothing.
    schedule
        How noise grows: `linear` (Ho et al. 2020) or `cosine` (Nichol & Dhariwal 2021).
    predicts
        What the network says: the noise (`epsilon`) or the velocity (`v`, Salimans & Ho 2022).
    variance
        Of a step back: the smallest or the largest of the two bounds, or `learned` between them (Nichol & Dhariwal).
    bounded
        Whether images lie in [-1, 1], as pixels do and latents do not.
    drop_label
        Share of images shown without their label, so that guidance has something to compare with.
    sampler, sampler_steps, guidance
        How images are drawn unless it is said otherwise; guidance 1 is none.
    """

    training: Training
    learning_rate: float = 1e-4
    conditional: bool = False
    channels: tuple[int, ...] = (64, 128, 256)
    attention: tuple[bool, ...] = (False, False, True)
    blocks: int = 2
    head_channels: int = 32
    patch: int = 1
    steps: int = 1000
    schedule: Literal["linear", "cosine"] = "linear"
    predicts: Literal["epsilon", "v"] = "epsilon"
    variance: Literal["small", "large", "learned"] = "small"
    bounded: bool = True
    drop_label: float = 0.1
    sampler: Sampler = "dpm++"
    sampler_steps: int = 30
    guidance: float = 1.0

    def __post_init__(self) -> None:
        problems = [
            Problem(f"is {getattr(self, name)}", where=name, cure=f"at least {least}")
            for name, least in (
                ("blocks", 1),
                ("head_channels", 1),
                ("patch", 1),
                ("steps", 2),
                ("sampler_steps", 1),
            )
            if getattr(self, name) < least
        ]
        if not self.learning_rate > 0:
            problems.append(Problem(f"is {self.learning_rate}", where="learning_rate", cure="above 0"))
        if not 0 <= self.drop_label <= 1:
            problems.append(Problem(f"is {self.drop_label}", where="drop_label", cure="from 0 to 1"))
        if not self.channels or min(self.channels) < 1:
            problems.append(Problem(f"is {self.channels}", where="channels", cure="such as 64,128,256"))
        if problems:
            raise InputError(problems)


PRESETS = {
    "tiny": DdpmSettings(
        Training(n_images=64_000, batch=8, warm_up=800, half_life=20_000),
        learning_rate=1e-3,
        channels=(32, 48, 64),
        attention=(False, False, True),
        blocks=1,
        head_channels=16,
        patch=2,
        schedule="cosine",
        predicts="v",
    ),
    "base": DdpmSettings(
        Training(n_images=6_400_000, batch=64, warm_up=50_000, half_life=500_000),
        learning_rate=2e-4,
        channels=(128, 256, 256, 384),
        attention=(False, False, True, True),
        head_channels=64,
        schedule="cosine",
        predicts="v",
    ),
    "akbar": DdpmSettings(
        Training(n_images=32 * 200_000, batch=32, half_life=222_000, clip=None),
        learning_rate=1e-4,
        channels=(64, 64, 128, 128, 256, 256),
        attention=(False, False, False, False, True, True),
        blocks=3,
        head_channels=64,
        steps=4000,
        schedule="linear",
        variance="learned",
        sampler="ddpm",
        sampler_steps=4000,
    ),
}
"""`akbar` is the model of Akbar et al. (2025); `tiny` takes minutes to an hour on two cores, `base` hours on a GPU.

What that paper states: 256 pixels, 64 channels at first, 3 residual blocks, 4,000 linear steps, learning rate
1e-4, batches of 32, no augmentation. Not stated there, and taken from the code of improved diffusion (Nichol &
Dhariwal 2021) on which such a model is based: the channels of each level (1, 1, 2, 2, 4, 4 times 64), attention
at 16 and 8 pixels in four heads at the deepest levels, learned variance, a moving average of 0.9999 (a half-
life of 222,000 images), no clipping, all 4,000 steps when drawing. Not stated anywhere, our guess: 200,000
steps of training.
"""
