"""What may be chosen about diffusion in a latent space: all about its two parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from doppelscan.errors import InputError, Problem
from doppelscan.generators.ddpm import DdpmSettings
from doppelscan.generators.recipe import Training
from doppelscan.generators.vae import AutoencoderSettings

__all__ = ["PRESETS", "LatentDiffusionSettings"]


@dataclass(frozen=True)
class LatentDiffusionSettings:
    """The settings of both parts.

    Attributes
    ----------
    autoencoder, diffusion
        Each with a schedule of its own. Where diffusion's training augments, images are augmented and encoded each
        time that they are seen; else they are encoded once.
    latents
        What diffusion learns of an image: the `mean` of its latents, or a `sample` of them, drawn each time.
    """

    autoencoder: AutoencoderSettings
    diffusion: DdpmSettings
    latents: Literal["mean", "sample"] = "mean"

    def __post_init__(self) -> None:
        if self.diffusion.bounded:
            cure = "diffusion.bounded=false: latents may be of any size"
            raise InputError(Problem("is true", where="diffusion.bounded", cure=cure))

    @property
    def conditional(self) -> bool:
        """Whether diffusion learns what the labels look like; the autoencoder never does."""
        return self.diffusion.conditional


PRESETS = {
    "tiny": LatentDiffusionSettings(
        AutoencoderSettings(
            Training(n_images=32_000, batch=8, warm_up=800, half_life=10_000),
            learning_rate=1e-3,
            patch_learning_rate=2e-4,
            channels=(16, 32, 64),
            blocks=1,
            patch_channels=(16, 32, 64),
            adversary_from=16_000,
        ),
        DdpmSettings(
            Training(n_images=128_000, batch=16, warm_up=1_600, half_life=20_000),
            learning_rate=1e-3,
            channels=(64, 96),
            attention=(False, True),
            blocks=1,
            schedule="cosine",
            predicts="v",
            bounded=False,
        ),
    ),
    "base": LatentDiffusionSettings(
        AutoencoderSettings(
            Training(n_images=1_600_000, batch=32, warm_up=20_000, half_life=100_000),
            channels=(64, 128, 256),
            adversary_from=400_000,
        ),
        DdpmSettings(
            Training(n_images=6_400_000, batch=64, warm_up=50_000),
            learning_rate=2e-4,
            channels=(128, 256, 384),
            attention=(False, True, True),
            head_channels=64,
            schedule="cosine",
            predicts="v",
            bounded=False,
        ),
    ),
    # 512 px -> 64 x 64 x 4, as Rombach et al. (KL, 8 pixels to a place)
    "films": LatentDiffusionSettings(
        AutoencoderSettings(
            Training(n_images=1_600_000, batch=16, at_once=8, warm_up=20_000, half_life=100_000),
            channels=(64, 128, 256, 256),
            adversary_from=400_000,
        ),
        DdpmSettings(
            Training(n_images=6_400_000, batch=64, warm_up=50_000),
            channels=(192, 384, 576),
            attention=(False, True, True),
            head_channels=64,
            schedule="cosine",
            predicts="v",
            bounded=False,
        ),
    ),
    # 32 x 256 x 256 -> 8 x 64 x 64 x 8; 64 x 64 x 64 -> 16 x 16 x 16 x 8
    "volumes": LatentDiffusionSettings(
        AutoencoderSettings(
            Training(n_images=200_000, batch=4, at_once=1, warm_up=2_000, half_life=10_000),
            channels=(32, 64, 128),
            blocks=1,
            attention=False,
            latent_channels=8,
            patch_channels=(32, 64, 128),
            adversary_from=50_000,
        ),
        DdpmSettings(
            Training(n_images=800_000, batch=8, at_once=4, warm_up=8_000, half_life=50_000),
            channels=(96, 192, 288, 384),
            attention=(False, False, True, True),
            schedule="cosine",
            predicts="v",
            bounded=False,
        ),
    ),
    "dar": LatentDiffusionSettings(
        AutoencoderSettings(
            Training(n_images=200_000, batch=2, half_life=10_000),
            learning_rate=3e-4,
            patch_learning_rate=3e-4,
            channels=(32, 64, 128),
            blocks=1,
            attention=False,
            latent_channels=8,
            codes="vq",
            n_codes=16_384,
            patch_channels=(64, 128, 256),
            adversary_from=20_000,
            adversarial_weight=0.25,
            feature_weight=1.0,
        ),
        DdpmSettings(
            Training(n_images=1_500_000, batch=10, half_life=14_000),
            channels=(64, 128, 256, 512),
            attention=(False, False, True, True),
            steps=300,
            schedule="cosine",
            bounded=False,
            sampler="ddpm",
            sampler_steps=300,
        ),
    ),
}
"""`dar` is the model of volumes of Dar et al. (2025), that of Khader et al. (2023): a VQ autoencoder, then diffusion.

In the settings that Khader et al. publish with their code: learning rate 3e-4 and batches of 2 for the
autoencoder, 8 latents a place from 16,384 codes, an adversary of 64 channels and three levels that joins after
10,000 steps and counts a quarter of the absolute error, as matched features count alike with it; 300 steps of
noise, channels 1, 2, 4, 8 times 64, learning rate 1e-4, batches of 10, a moving average of 0.995 every ten
steps.
Not stated, our guess: the autoencoder's channels and blocks, its 200,000 images, its half-life, 4 pixels to a
place for every size of volume, levels with attention, one and a half million images of diffusion (the published
settings stop at 700,000 steps).
Other than theirs: matched features stand for their perceptual loss as well, and the loss on noise is squared,
not absolute.
"""
