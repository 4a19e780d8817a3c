"""How large are latents? Each channel is moved and scaled so that the measured ones have mean 0 and deviation 1."""

from __future__ import annotations

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

    def measure(self, latents: Latents) -> None:
        """Take the scale from these; a channel that is constant is moved only."""
        of_channel = latents.detach().double().movedim(1, 0).flatten(1)
        deviation = of_channel.std(1, correction=0)
        self.mean.copy_(of_channel.mean(1))
        self.deviation.copy_(torch.where(deviation > 0, deviation, 1.0))

    def forward(self, latents: Latents) -> Latents:
        """The latents, scaled."""
        return (latents - self._wide(self.mean, latents)) / self._wide(self.deviation, latents)

    def back(self, scaled: Latents) -> Latents:
        """The latents that `forward` gave this for."""
        return scaled * self._wide(self.deviation, scaled) + self._wide(self.mean, scaled)

    def _wide(self, of_channel: Float[torch.Tensor, " d"], like: Latents) -> Float[torch.Tensor, "d ..."]:
        return of_channel.reshape(-1, *(1,) * (like.ndim - 2))
