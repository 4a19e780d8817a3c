"""How large are latents? Each channel is moved and scaled so that the measured ones have mean 0 and deviation 1."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import nn

__all__ = ["Scale"]

Latents = Float[torch.Tensor, "n d *coarse"]


class Scale(nn.Module):
    """Remembers the mean and the deviation of each channel, which are kept with the weights."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_channels))
        self.register_buffer("deviation", torch.ones(n_channels))

    def measure(self, batches: Iterable[torch.Tensor]) -> None:
        """Take the scale from these, batch by batch (Chan et al. 1983); a channel that is constant is moved only."""
        n, mean, squares = 0, self.mean.double(), torch.zeros_like(self.mean, dtype=torch.float64)
        for latents in batches:
            of_channel = latents.detach().double().movedim(1, 0).flatten(1)
            m, here = of_channel.shape[1], of_channel.mean(1)
            squares += (of_channel - here[:, None]).square().sum(1) + (here - mean).square() * n * m / (n + m)
            mean, n = mean + (here - mean) * (m / (n + m)), n + m
        deviation = (squares / max(n, 1)).sqrt()
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > 0, deviation, 1.0))

    def forward(self, latents: Latents) -> Latents:
        """The latents, scaled."""
        return (latents - self._wide(self.mean, latents)) / self._wide(self.deviation, latents)

    def back(self, scaled: Latents) -> Latents:
        """The latents that `forward` gave this for."""
        return scaled * self._wide(self.deviation, scaled) + self._wide(self.mean, scaled)

    def _wide(self, of_channel: Float[torch.Tensor, " d"], like: Latents) -> Float[torch.Tensor, "d ..."]:
        return of_channel.reshape(-1, *(1,) * (like.ndim - 2))
