"""Diffusion in the latent space of an autoencoder: Rombach et al. 2022, composed of `vae` and `ddpm`; 2D and 3D.

First the autoencoder is trained, as that of `vae` but hardly held to its prior. Then its latents, scaled to unit
deviation, take the place of the images of `ddpm`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import torch
from jaxtyping import Float
from torch import nn
from torch.nn.functional import adaptive_max_pool2d, adaptive_max_pool3d

from doppelscan.generators import ddpm
from doppelscan.generators.denoising import Denoiser
from doppelscan.generators.equal_parts import in_equal_parts
from doppelscan.generators.family import Batch, Draw, Family, Given, Networks, Stage, Subject, Turn
from doppelscan.generators.latent_diffusion.settings import PRESETS, LatentDiffusionSettings
from doppelscan.generators.nets.scale import Scale
from doppelscan.generators.vae.objective import codes_of
from doppelscan.generators.vae.stage import autoencoder_stage

__all__ = ["FAMILY", "LatentDiffusionSettings"]

Latents = Float[torch.Tensor, "n d *coarse"]

(_OF_PIXELS,) = ddpm.FAMILY.stages


def draw(
    settings: LatentDiffusionSettings, networks: Networks, subject: Subject, asked: Draw
) -> Float[torch.Tensor, "n c *space"]:
    """What the decoder makes of latents that diffusion drew."""
    asked = asked if asked.given is None else replace(asked, given=_given(settings, networks, asked.given))
    scaled = ddpm.FAMILY.draw(settings.diffusion, networks, _of_latents(settings, subject), asked)
    seen = codes_of(networks).seen(_scale(networks).back(scaled))
    images: torch.Tensor = networks["decoder"](seen, asked.labels)
    return images


def turns(settings: LatentDiffusionSettings, networks: Networks, batch: Batch) -> Iterator[Turn]:
    """Those of diffusion, on latents."""
    return _OF_PIXELS.turns(settings.diffusion, networks, _scaled(settings, networks, batch))


def loss_of_each(
    settings: LatentDiffusionSettings, networks: Networks, batch: Batch
) -> Float[torch.Tensor, " n"]:
    """Diffusion's loss on each image."""
    assert _OF_PIXELS.validation is not None, "diffusion has a loss of each image"
    return _OF_PIXELS.validation(settings.diffusion, networks, _scaled(settings, networks, batch))


def encoded(
    settings: LatentDiffusionSettings, networks: Networks, images: Float[torch.Tensor, "n c *space"]
) -> Latents:
    """What is kept of images: their latents or, if these are to be drawn, what the encoder says.

    As many are encoded at once as the autoencoder was trained on at once.
    """

    def kept(part: Float[torch.Tensor, "m c *space"]) -> Float[torch.Tensor, "m d *coarse"]:
        unknown = torch.full((len(part),), -1, device=part.device)
        said: torch.Tensor = networks["encoder"](part, unknown).float()
        return said if settings.latents == "sample" else codes_of(networks).latents(said)

    return in_equal_parts(images, settings.autoencoder.training.together, kept)


def measure(settings: LatentDiffusionSettings, networks: Networks, kept: Iterator[torch.Tensor]) -> None:
    """Let the scale be that of all latents."""
    _scale(networks).measure(_latents(settings, networks, part) for part in kept)


def denoiser(settings: LatentDiffusionSettings, networks: Networks, device: torch.device) -> Denoiser:
    """That of diffusion, on scaled latents, these without chance."""
    assert ddpm.FAMILY.denoiser is not None, "diffusion has a denoiser"
    without_chance = replace(settings, latents="mean")

    def start(images: Float[torch.Tensor, "n c *space"]) -> Latents:
        latents: torch.Tensor = _scale(networks)(encoded(without_chance, networks, images))
        return latents

    return replace(ddpm.FAMILY.denoiser(settings.diffusion, networks, device), start=start)


def _given(settings: LatentDiffusionSettings, networks: Networks, given: Given) -> Given:
    """The latents of what is given, and which of their places hold a pixel that is drawn anew."""
    x0 = _scale(networks)(encoded(replace(settings, latents="mean"), networks, given.images))
    pool = adaptive_max_pool2d if x0.ndim == 4 else adaptive_max_pool3d
    return Given(x0, pool(given.fresh.float(), x0.shape[2:]), given.strength)


def _networks(settings: LatentDiffusionSettings, subject: Subject) -> dict[str, nn.Module]:
    of_latents = _of_latents(settings, subject)
    return _OF_PIXELS.networks(settings.diffusion, of_latents) | {"scale": Scale(of_latents.n_channels)}


def _of_latents(settings: LatentDiffusionSettings, subject: Subject) -> Subject:
    """The latents of such images, as diffusion sees them."""
    return Subject(settings.autoencoder.latents_of(subject), subject.labels)


def _scaled(settings: LatentDiffusionSettings, networks: Networks, batch: Batch) -> Batch:
    """The batch with scaled latents for its images."""
    return replace(batch, images=_scale(networks)(_latents(settings, networks, batch.images)))


def _latents(settings: LatentDiffusionSettings, networks: Networks, kept: torch.Tensor) -> Latents:
    """The latents of what was kept of images."""
    return codes_of(networks).drawn(kept) if settings.latents == "sample" else kept


def _scale(networks: Networks) -> Scale:
    return cast("Scale", networks["scale"])


FAMILY = Family(
    name="latent_diffusion",
    presets=PRESETS,
    stages=(
        autoencoder_stage(
            "autoencoder", lambda settings: settings.autoencoder, lambda subject: Subject(subject.shape)
        ),
        Stage(
            "diffusion",
            training=lambda settings: settings.diffusion.training,
            networks=_networks,
            players=lambda settings: _OF_PIXELS.players(settings.diffusion),
            turns=turns,
            averaged=("unet", "scale"),
            validation=loss_of_each,
            examples=encoded,
            begin=measure,
        ),
    ),
    draw=draw,
    options=ddpm.FAMILY.options,
    derives=True,
    preview=ddpm.FAMILY.preview,
    denoiser=denoiser,
)
