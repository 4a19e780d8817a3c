"""Which patches of an image look real? A discriminator that answers for each patch, and shows what it looked at.

Isola et al. 2017, section 3.2, for 2D and 3D images of any shape; normalized in groups, so that an image is judged
alike in any company.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import nn

from doppelscan.generators.nets.layers import convolution, group_norm

__all__ = ["PatchDiscriminator"]


class PatchDiscriminator(nn.Module):
    """Strided convolutions, one for each of `channels`, and a verdict on each patch that they leave."""

    def __init__(self, n_axes: int, n_channels: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        before = (n_channels, *channels)
        self.levels = nn.ModuleList(
            nn.Sequential(
                convolution(n_axes, before[level], n, stride=2),
                group_norm(n) if level else nn.Identity(),
                nn.LeakyReLU(0.2),
            )
            for level, n in enumerate(channels)
        )
        self.verdict = convolution(n_axes, channels[-1], 1)

    def forward(
        self, images: Float[torch.Tensor, "n c *space"]
    ) -> tuple[Float[torch.Tensor, "n 1 *coarse"], list[torch.Tensor]]:
        """How real each patch is, above 0 where it seems so, and the features of each level."""
        features: list[torch.Tensor] = []
        for level in self.levels:
            features.append(level(features[-1] if features else images))
        return self.verdict(features[-1]), features
