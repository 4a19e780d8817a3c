"""Copies that went through an autoencoder which was trained on the training images.

The project's own (`generators.vae`), small and without an adversary: of eight pixels along each axis one place of four
numbers is left, so that broad shapes stay and fine detail goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
import torch

from doppelscan.generators import Keeping, Model, fit
from doppelscan.generators.recipe import Training
from doppelscan.generators.vae import AutoencoderSettings, VaeSettings
from doppelscan.generators.vae.objective import codes_of
from doppelscan.imagesets import ImageSet
from doppelscan.store import Cache

__all__ = ["SMALL_AUTOENCODER", "Reconstruction"]

SMALL_AUTOENCODER = VaeSettings(
    AutoencoderSettings(
        Training(n_images=7_000, batch=8, warm_up=200, decay="cosine", half_life=500),
        learning_rate=2e-3,
        channels=(4, 16, 48, 64),
        blocks=1,
        attention=False,
        latent_channels=4,
        adversary_from=None,
    )
)
_VERSION = 1  # of what the cache holds


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A change of images: encoded and decoded by an autoencoder that was trained on the training images alone."""

    model: Model = field(repr=False)

    name: ClassVar[str] = "autoencoder"

    @staticmethod
    def of(train: np.ndarray, settings: VaeSettings = SMALL_AUTOENCODER) -> Reconstruction:
        """The autoencoder of these training images, from the cache where it was trained before."""
        images = ImageSet.from_arrays(train, pd.DataFrame({"patient": np.arange(len(train)).astype(str)}))
        key = {"version": _VERSION, "pixels": images.pixels.fingerprint, "settings": repr(settings)}
        out, keeping = Cache.default().path("autoencoders", key), Keeping(marks=2, minutes=1, grid=0)
        return Reconstruction(fit(images, settings, out=out, keeping=keeping))

    @torch.no_grad()
    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """One image, (c, *space), given back without chance."""
        networks, intensities = self.model.networks, self.model.description.intensities
        x = intensities.scaled(pixels[None]).to(self.model.device)
        unknown = torch.full((1,), -1, device=self.model.device)
        codes = codes_of(networks)
        latents = codes.latents(networks["encoder"](x, unknown))
        return intensities.restored(networks["decoder"](codes.seen(latents), unknown).float())[0]
