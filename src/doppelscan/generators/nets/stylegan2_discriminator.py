"""How does StyleGAN2 tell drawn images from real ones? By a residual network that also sees a batch's variety.

Karras et al. 2020, figure 7c (residual discriminator); Karras et al. 2018, section 3 (minibatch standard
deviation); Miyato and Koyama 2018 (labels by projection).
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int64
from torch import nn

from doppelscan.generators.nets.stylegan2 import one_hot
from doppelscan.generators.nets.stylegan2_layers import Conv, Linear, activated, normalised
from doppelscan.generators.nets.stylegan2_sizes import Sizes

__all__ = ["Discriminator", "group_deviation"]

_GROUP = 4


class Discriminator(nn.Module):
    """How real each image looks with its label: a logit, positive for real."""

    def __init__(
        self, n_channels: int, space: tuple[int, ...], n_labels: int, *, capacity: int, widest: int
    ) -> None:
        super().__init__()
        self.sizes = Sizes.of(space)
        self.n_labels = n_labels
        widths = self.sizes.channels(capacity, widest)
        self.image = Conv(n_channels, widths[-1], 1)
        self.blocks = nn.Sequential(
            *(_Residual(widths[i], widths[i - 1]) for i in range(len(widths) - 1, 0, -1))
        )
        height, width = self.sizes.grids[0]
        last = widths[0]
        self.conv = Conv(last + 1, last, 3)
        self.dense = Linear(last * height * width, last)
        self.out = Linear(last, last if n_labels else 1)
        self.label = Linear(n_labels, last) if n_labels else None

    def forward(
        self, images: Float[torch.Tensor, "n c h w"], labels: Int64[torch.Tensor, " n"]
    ) -> Float[torch.Tensor, " n"]:
        """The logits; of a model with labels the inner product of image and label."""
        x: torch.Tensor = self.blocks(activated(self.image(self.sizes.padded(images))))
        deviation = group_deviation(x)[:, None, None, None].expand(-1, 1, *x.shape[2:])
        x = activated(self.conv(torch.cat([x, deviation.to(x.dtype)], 1)))
        x = self.out(activated(self.dense(x.flatten(1)))).float()
        if self.label is None:
            return x[:, 0]
        label = normalised(self.label(one_hot(labels, self.n_labels)).float())
        return (x * label).sum(1) / math.sqrt(x.shape[1])


def group_deviation(x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, " n"]:
    """How much an image's group varies: the mean, over features and places, of the deviation within the group.

    Groups are of 4 images, or of the largest number below that divides the batch: every (n / 4)-th image.
    """
    n = len(x)
    size = max(g for g in range(1, _GROUP + 1) if n % g == 0)
    groups = x.float().reshape(size, n // size, -1)
    deviation = (groups.var(0, correction=0) + 1e-8).sqrt().mean(1)
    return deviation.repeat(size)


class _Residual(nn.Module):
    """Two convolutions to half the size, beside a linear shortcut; their sum keeps its variance."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.first = Conv(n_in, n_in, 3)
        self.second = Conv(n_in, n_out, 3, down=True)
        self.shortcut = Conv(n_in, n_out, 1, down=True, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of half the size."""
        y: torch.Tensor = activated(self.second(activated(self.first(x)))) + self.shortcut(x)
        return y / math.sqrt(2)
