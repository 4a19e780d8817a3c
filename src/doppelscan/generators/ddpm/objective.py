"""What does a diffusion model learn? To say which noise was added (Ho et al. 2020, algorithm 1)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from jaxtyping import Float, Int64

from doppelscan.generators.ddpm.schedule import Schedule, schedule_on, wide
from doppelscan.generators.ddpm.settings import DdpmSettings
from doppelscan.generators.family import Batch, Networks, Turn

__all__ = ["loss_of_each", "turns"]

_SHARE_OF_BOUND = 1e-3  # lambda of Nichol & Dhariwal 2021, eq. 16


def turns(settings: DdpmSettings, networks: Networks, batch: Batch) -> Iterator[Turn]:
    """The one turn of a step."""
    labels = batch.labels
    dropped = torch.rand(len(labels), device=labels.device) < settings.drop_label
    yield Turn("unet", loss_of_each(settings, networks, batch, torch.where(dropped, -1, labels)).mean())


def loss_of_each(
    settings: DdpmSettings, networks: Networks, batch: Batch, labels: Int64[torch.Tensor, " n"]
) -> Float[torch.Tensor, " n"]:
    """The loss of each image at a random step (eq. 14); with a learned variance that of eq. 16."""
    x0, schedule = batch.images, schedule_on(batch.images.device, settings.schedule, settings.steps)
    t = torch.randint(settings.steps, (len(x0),), device=x0.device)
    noise = torch.randn_like(x0)
    x = schedule.noisy(x0, noise, t)
    said = networks["unet"](x, t, labels, batch.augmentation).float()
    answer, variance = _parted(said, settings)
    target = noise if settings.predicts == "epsilon" else schedule.velocity(x0, noise, t)
    loss = (answer - target).square().flatten(1).mean(1)
    if variance is None:
        return loss
    return loss + _SHARE_OF_BOUND * settings.steps * _bound(
        schedule, settings, (x0, x, t), answer.detach(), variance
    )


def _parted(
    said: Float[torch.Tensor, "n d *space"], settings: DdpmSettings
) -> tuple[Float[torch.Tensor, "n c *space"], Float[torch.Tensor, "n c *space"] | None]:
    """The prediction, and where the variance lies between its bounds."""
    if settings.variance != "learned":
        return said, None
    answer, variance = said.chunk(2, dim=1)
    return answer, variance


def _bound(
    schedule: Schedule,
    settings: DdpmSettings,
    noised: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    answer: Float[torch.Tensor, "n c *space"],
    variance: Float[torch.Tensor, "n c *space"],
) -> Float[torch.Tensor, " n"]:
    """One term of the variational bound, in bits a pixel; only the variance learns from it.

    KL of the true step back from the model's (Ho et al., eq. 5); at t = 0 the likelihood of 8-bit pixels (eq. 13).
    """
    x0, x, t = noised
    least, most = wide(schedule.log_least_variance[t], x), wide(schedule.beta[t].log(), x)
    share = (variance + 1) / 2
    log_variance = share * most + (1 - share) * least
    image = schedule.denoised(x, answer, t, settings.predicts)
    guess = schedule.mean_before(image.clamp(-1, 1) if settings.bounded else image, x, t)
    truth = schedule.mean_before(x0, x, t)
    apart = (truth - guess).square() * (-log_variance).exp()
    divergence = 0.5 * (log_variance - least - 1 + (least - log_variance).exp() + apart)
    likelihood = _log_likelihood(x0, guess, 0.5 * log_variance)
    nats = torch.where(wide(t == 0, x), -likelihood, divergence)
    return nats.flatten(1).mean(1) / math.log(2)


def _log_likelihood(
    x0: Float[torch.Tensor, "n c *space"],
    mean: Float[torch.Tensor, "n c *space"],
    log_deviation: Float[torch.Tensor, "n c *space"],
) -> Float[torch.Tensor, "n c *space"]:
    """The logarithm of the probability that a normal variable is rounded to x0, one of 256 values in [-1, 1]."""
    inverse = (-log_deviation).exp()
    above = torch.special.ndtr((x0 - mean + 1 / 255) * inverse)
    below = torch.special.ndtr((x0 - mean - 1 / 255) * inverse)
    above = torch.where(x0 > 0.999, 1.0, above)
    below = torch.where(x0 < -0.999, 0.0, below)
    return (above - below).clamp(min=1e-12).log()
