"""Which noise does the network see? What it says, be that the noise itself or the velocity."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64

from doppelscan.generators.ddpm.schedule import schedule_on
from doppelscan.generators.ddpm.settings import DdpmSettings
from doppelscan.generators.denoising import Denoiser
from doppelscan.generators.family import Networks

__all__ = ["denoiser"]


def denoiser(settings: DdpmSettings, networks: Networks, device: torch.device) -> Denoiser:
    """The network on a device, asked for the noise alone."""
    schedule = schedule_on(device, settings.schedule, settings.steps)

    def noise(
        x: Float[torch.Tensor, "n d *shape"], t: Int64[torch.Tensor, " n"], labels: Int64[torch.Tensor, " n"]
    ) -> Float[torch.Tensor, "n d *shape"]:
        said = networks["unet"](x, t, labels).float()[:, : x.shape[1]]  # a learned variance comes behind
        return said if settings.predicts == "epsilon" else schedule.noise_in(x, said, t)

    return Denoiser(schedule.alpha_bar, _itself, noise)


def _itself(images: Float[torch.Tensor, "n c *space"]) -> Float[torch.Tensor, "n c *space"]:
    return images
