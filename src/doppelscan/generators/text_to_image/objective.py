"""What does a text-to-image model learn? To say which noise was added to an image's latents, told what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Bool, Float, Int64

from doppelscan.generators.equal_parts import in_equal_parts
from doppelscan.generators.family import Batch, Networks, Turn
from doppelscan.generators.text_to_image.parts import (
    Codes,
    Images,
    Shown,
    latents_of,
    steps_of,
    unet_of,
    words_of,
)
from doppelscan.generators.text_to_image.settings import TextToImageSettings

__all__ = ["beside", "encoded", "loss_of_each", "mean_latents", "turns"]

_WHOLE = 0.25  # share of images of which nothing is shown
_LEAST = 0.2  # of each axis, of a random box


def turns(settings: TextToImageSettings, networks: Networks, batch: Batch) -> Iterator[Turn]:
    """The one turn of a step."""
    dropped = (torch.rand(len(batch.labels)) < settings.drop_prompt).tolist()
    of_labels = words_of(networks).of(batch.labels)
    prompts = ["" if drop else prompt for drop, prompt in zip(dropped, of_labels, strict=True)]
    yield Turn("unet", _loss(settings, networks, batch.images, prompts).mean())


def loss_of_each(
    settings: TextToImageSettings, networks: Networks, batch: Batch
) -> Float[torch.Tensor, " n"]:
    """The loss of each image at a random step."""
    return _loss(settings, networks, batch.images, words_of(networks).of(batch.labels))


def encoded(
    settings: TextToImageSettings, networks: Networks, images: Images
) -> Float[torch.Tensor, "n d *shape"]:
    """What is kept of images: what their latents are drawn from; of a model that inpaints they themselves."""
    if _inpaints(networks):
        return images
    return in_equal_parts(images, settings.training.together, latents_of(networks).said)


def mean_latents(settings: TextToImageSettings, networks: Networks, images: Images) -> Codes:
    """The latents of images, without chance; as many are encoded at once as are learnt at once."""
    latents = latents_of(networks)
    said = in_equal_parts(images, settings.training.together, latents.said)
    return latents.drawn(said, by_chance=False)


def beside(networks: Networks, images: Images, fresh: torch.Tensor) -> Shown:
    """What a model that inpaints sees beside the noisy latents: where images are drawn anew, and the rest of them.

    Of other models, nothing.
    """
    latents = latents_of(networks)
    coarse = latents.coarse(fresh)
    if not _inpaints(networks):
        return coarse[:, :0]
    shown = latents.drawn(latents.said(images * (1 - fresh.float())), by_chance=False)
    return torch.cat([coarse, shown], dim=1)


def _inpaints(networks: Networks) -> bool:
    """Whether the U-Net takes more than latents."""
    return int(unet_of(networks).network.config.in_channels) > latents_of(networks).n_channels


def _loss(
    settings: TextToImageSettings, networks: Networks, kept: torch.Tensor, prompts: Sequence[str]
) -> Float[torch.Tensor, " n"]:
    """The squared error, weighed by its step (Hang et al. 2023)."""
    with torch.no_grad():
        x0, seen_beside = _seen(settings, networks, kept)
        told = words_of(networks)(prompts)
    steps = steps_of(networks)
    t = torch.randint(len(steps.alpha_bar), (len(x0),), device=x0.device)
    noise = torch.randn_like(x0)
    if settings.offset_noise:
        noise = noise + settings.offset_noise * torch.randn_like(x0[..., :1, :1])
    a = steps.alpha_bar[t].view(-1, 1, 1, 1)
    x = a.sqrt() * x0 + (1 - a).sqrt() * noise
    seen = torch.cat([x, seen_beside], 1)
    said: torch.Tensor = unet_of(networks)(seen, t, encoder_hidden_states=told).sample.float()
    target = noise if steps.predicts == "epsilon" else a.sqrt() * noise - (1 - a).sqrt() * x0
    error: torch.Tensor = (said - target).square().flatten(1).mean(1)
    return _weight(settings, networks, t) * error


def _seen(settings: TextToImageSettings, networks: Networks, kept: torch.Tensor) -> tuple[Codes, Shown]:
    """Latents of what was kept of images, and what the U-Net sees beside them."""
    latents, by_chance = latents_of(networks), settings.latents == "sample"
    if not _inpaints(networks):
        codes = latents.drawn(kept, by_chance=by_chance)
        return codes, codes[:, :0]
    fresh = _boxes(len(kept), kept.shape[2:], kept.device)
    return latents.drawn(latents.said(kept), by_chance=by_chance), beside(networks, kept, fresh)


def _boxes(n: int, space: Sequence[int], device: torch.device) -> Bool[torch.Tensor, "n 1 h w"]:
    """A box in each image at a random place, or the whole of it."""
    whole = torch.rand(n, device=device) < _WHOLE
    inside = torch.ones(n, 1, 1, dtype=torch.bool, device=device)
    for axis, length in enumerate(space):
        share = torch.where(whole, 1.0, _LEAST + (1 - _LEAST) * torch.rand(n, device=device))
        low = torch.rand(n, device=device) * (1 - share)
        place = (torch.arange(length, device=device) + 0.5) / length
        within = (place >= low[:, None]) & (place <= (low + share)[:, None])
        inside = inside & (within[:, :, None] if axis == 0 else within[:, None, :])
    return inside[:, None]


def _weight(
    settings: TextToImageSettings, networks: Networks, t: Int64[torch.Tensor, " n"]
) -> Float[torch.Tensor, " n"]:
    """How much each step counts: by its signal-to-noise ratio, cut off."""
    steps = steps_of(networks)
    if settings.min_snr is None:
        return torch.ones_like(t, dtype=torch.float32)
    a = steps.alpha_bar[t]
    snr = a / (1 - a)
    cut = snr.clamp(max=settings.min_snr)
    return cut / snr if steps.predicts == "epsilon" else cut / (snr + 1)
