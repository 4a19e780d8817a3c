"""What may be chosen about an autoencoder, and about images that are drawn from its prior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from doppelscan.errors import InputError, Problem
from doppelscan.generators.family import Subject
from doppelscan.generators.nets.autoencoder import Layout
from doppelscan.generators.recipe import Training

__all__ = ["PRESETS", "AutoencoderSettings", "VaeSettings"]


@dataclass(frozen=True)
class AutoencoderSettings:
    """An autoencoder and its training; a latent diffusion model has the same.

    Attributes
    ----------
    learning_rate, patch_learning_rate
        Of the autoencoder and of its adversary.
    channels, blocks, attention
        Channels of each level, its residual blocks, and whether the coarsest one attends. Each level after the first
        halves every axis: three levels make 4 pixels along an axis one place of the latents.
    latent_channels
        Latents at each place.
    codes, n_codes
        What the latents are: `kl` normal variables, `vq` the nearest of `n_codes` codes.
    kl_weight
        Weight of the divergence from the prior, in nats a pixel value, beside the mean absolute error. The true bound
        on the likelihood (Laplace noise) is where it equals that error; 1e-6 makes good latents for diffusion
        (Rombach et al. 2022), from which the prior alone draws nothing.
    commitment
        Of `vq`: how strongly latents keep to their codes.
    patch_channels
        Channels of each level of the adversary, which judges patches.
    adversary_from
        Images after which the adversary joins; None: it never does.
    adversarial_weight, feature_weight
        Of its verdict, and of the difference between its features of an image and of the decoded one.
    """

    training: Training
    learning_rate: float = 1e-4
    patch_learning_rate: float = 1e-4
    channels: tuple[int, ...] = (128, 256, 512)
    blocks: int = 2
    attention: bool = True
    latent_channels: int = 4
    codes: Literal["kl", "vq"] = "kl"
    kl_weight: float = 1e-6
    n_codes: int = 1024
    commitment: float = 0.25
    patch_channels: tuple[int, ...] = (64, 128, 256)
    adversary_from: int | None = 0
    adversarial_weight: float = 0.05
    feature_weight: float = 0.5

    def __post_init__(self) -> None:
        problems = [
            Problem(f"is {value}", where=name, cure="at least 1")
            for name in ("blocks", "latent_channels", "n_codes")
            if (value := getattr(self, name)) < 1
        ]
        problems += [
            Problem(f"is {value}", where=name, cure="at least 0")
            for name in ("kl_weight", "commitment", "adversarial_weight", "feature_weight", "adversary_from")
            if (value := getattr(self, name)) is not None and not value >= 0
        ]
        problems += [
            Problem(f"is {value}", where=name, cure="above 0")
            for name in ("learning_rate", "patch_learning_rate")
            if not (value := getattr(self, name)) > 0
        ]
        problems += [
            Problem(f"is {value}", where=name, cure="such as 32,64,64")
            for name in ("channels", "patch_channels")
            if not (value := getattr(self, name)) or min(value) < 1
        ]
        if self.training.augmentation == "edm":
            what = "edm is for networks that are told of it, an autoencoder is not"
            problems.append(Problem(what, where="augmentation", cure="dar or none"))
        if problems:
            raise InputError(problems)

    def layout(self, n_labels: int = 0) -> Layout:
        """How large the networks are."""
        return Layout(self.channels, self.blocks, self.attention, n_labels)

    def latents_of(self, subject: Subject) -> tuple[int, ...]:
        """The shape of an image's latents: channels and places, those of what is padded included."""
        return (self.latent_channels, *self.layout().coarse(subject.space))

    def weight_of_nats(self, subject: Subject) -> float:
        """Of the whole divergence of an image."""
        return self.kl_weight / math.prod(subject.shape)


@dataclass(frozen=True)
class VaeSettings:
    """A generator: the autoencoder, and whether it learns what the labels look like.

    Attributes
    ----------
    conditional
        Whether it learns what the labels look like.
    """

    autoencoder: AutoencoderSettings
    conditional: bool = False


PRESETS = {
    "tiny": VaeSettings(
        AutoencoderSettings(
            Training(n_images=64_000, batch=8, warm_up=800, half_life=20_000),
            learning_rate=1e-3,
            patch_learning_rate=2e-4,
            channels=(24, 32, 48, 64, 96),
            blocks=1,
            latent_channels=16,
            kl_weight=0.05,
            patch_channels=(24, 48, 96),
            adversary_from=32_000,
        )
    ),
    "base": VaeSettings(
        AutoencoderSettings(
            Training(n_images=3_200_000, batch=32, warm_up=20_000, half_life=100_000),
            learning_rate=2e-4,
            channels=(64, 128, 128, 256, 256, 384, 384),
            latent_channels=32,
            kl_weight=0.05,
            adversary_from=800_000,
        )
    ),
}
"""`tiny` is for about 64 pixels a side, `base` for 256: few places are left, lest what the prior draws falls apart."""
