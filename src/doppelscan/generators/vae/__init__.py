"""A variational autoencoder whose prior images are drawn from: Kingma & Welling 2014; 2D and 3D."""

from __future__ import annotations

import torch
from jaxtyping import Float

from doppelscan.generators.family import Draw, Family, Networks, Subject
from doppelscan.generators.vae.objective import codes_of
from doppelscan.generators.vae.settings import PRESETS, AutoencoderSettings, VaeSettings
from doppelscan.generators.vae.stage import autoencoder_stage

__all__ = ["FAMILY", "AutoencoderSettings", "VaeSettings"]


def draw(
    settings: VaeSettings, networks: Networks, subject: Subject, asked: Draw
) -> Float[torch.Tensor, "n c *space"]:
    """What the decoder makes of latents from the prior."""
    codes, (_, *coarse) = codes_of(networks), settings.autoencoder.latents_of(subject)
    latents = codes.seen(codes.prior(asked.noise, *coarse))
    images: torch.Tensor = networks["decoder"](latents, asked.labels)
    return images


FAMILY = Family(
    name="vae",
    presets=PRESETS,
    stages=(autoencoder_stage("vae", lambda settings: settings.autoencoder, lambda subject: subject),),
    draw=draw,
)
