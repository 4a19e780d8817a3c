"""How are images put into few numbers and back? An encoder and a decoder for 2D or 3D images of any shape.

The networks of Rombach et al. 2022 (the same layers as MONAI's `AutoencoderKL`): residual blocks, halved by strides,
doubled by repetition, attention where it is coarsest. What lies between them is in `codes`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import nn

from doppelscan.errors import InputError, Problem
from doppelscan.generators.nets.layers import (
    Attention,
    Doubled,
    Embedded,
    Residual,
    convolution,
    group_norm,
    padded,
)

__all__ = ["Decoder", "Encoder", "Layout"]


@dataclass(frozen=True)
class Layout:
    """How large an autoencoder is.

    Attributes
    ----------
    channels
        Of each level; each next one has half the length along every axis.
    blocks
        Residual blocks of each level.
    attention
        Whether the coarsest level attends over its places.
    n_labels
        Labels that both networks are told.
    """

    channels: tuple[int, ...]
    blocks: int
    attention: bool
    n_labels: int = 0

    def __post_init__(self) -> None:
        if not self.channels or min(self.channels) < 1:
            raise InputError(Problem(f"is {self.channels}", where="channels", cure="such as 32,64,64"))

    @property
    def factor(self) -> int:
        """Pixels along an axis for each place of the latents."""
        return 1 << (len(self.channels) - 1)

    def coarse(self, space: tuple[int, ...]) -> tuple[int, ...]:
        """Places along each axis of the latents of images of this size, the padded part included."""
        return tuple(-(-length // self.factor) for length in space)


class Encoder(nn.Module):
    """Images to `n_out` numbers at each coarse place; what cannot be halved is padded at its far ends."""

    def __init__(self, n_axes: int, n_channels: int, n_out: int, layout: Layout) -> None:
        super().__init__()
        self.layout, first = layout, layout.channels[0]
        self.told = _Told(layout.n_labels, 4 * first)
        layers: list[nn.Module] = [convolution(n_axes, n_channels, first)]
        now = first
        for level, n in enumerate(layout.channels):
            layers += _level(n_axes, now, n, layout, self.told.width)
            if level < len(layout.channels) - 1:
                layers.append(convolution(n_axes, n, n, stride=2))
            now = n
        self.layers = Embedded(*layers, *_middle(n_axes, now, layout, self.told.width))
        self.last = nn.Sequential(group_norm(now), nn.SiLU(), convolution(n_axes, now, n_out))

    def forward(
        self, images: Float[torch.Tensor, "n c *space"], labels: Int64[torch.Tensor, " n"]
    ) -> Float[torch.Tensor, "n d *coarse"]:
        """What is said of each place; a label is -1 where it is unknown."""
        said: torch.Tensor = self.last(self.layers(padded(images, self.layout.factor), self.told(labels)))
        return said


class Decoder(nn.Module):
    """Latents to images of one size; what was padded is cut off again."""

    def __init__(self, space: tuple[int, ...], n_channels: int, n_in: int, layout: Layout) -> None:
        super().__init__()
        n_axes, deepest = len(space), layout.channels[-1]
        self.space, self.told = space, _Told(layout.n_labels, 4 * layout.channels[0])
        layers: list[nn.Module] = [convolution(n_axes, n_in, deepest)]
        layers += _middle(n_axes, deepest, layout, self.told.width)
        now = deepest
        for level, n in reversed(list(enumerate(layout.channels))):
            layers += _level(n_axes, now, n, layout, self.told.width)
            if level > 0:
                layers.append(Doubled(n_axes, n))
            now = n
        self.layers = Embedded(*layers)
        self.last = nn.Sequential(group_norm(now), nn.SiLU(), convolution(n_axes, now, n_channels))

    def forward(
        self, latents: Float[torch.Tensor, "n d *coarse"], labels: Int64[torch.Tensor, " n"]
    ) -> Float[torch.Tensor, "n c *space"]:
        """The images, about in [-1, 1]."""
        images: torch.Tensor = self.last(self.layers(latents, self.told(labels)))
        for axis, length in enumerate(self.space, start=2):
            images = images.narrow(axis, 0, length)
        return images


class _Told(nn.Module):
    """A label as the residual blocks are told of it: zeros where it is unknown, nothing where there are none."""

    def __init__(self, n_labels: int, width: int) -> None:
        super().__init__()
        self.width, self.n_labels = (width if n_labels else 0), n_labels
        self.told = nn.Linear(n_labels, width, bias=False) if n_labels else None

    def forward(self, labels: Int64[torch.Tensor, " n"]) -> Float[torch.Tensor, "n e"]:
        """One row a label."""
        if self.told is None:
            return torch.zeros(len(labels), 0, device=labels.device)
        one_of_many = labels[:, None] == torch.arange(self.n_labels, device=labels.device)
        row: torch.Tensor = self.told(one_of_many.to(self.told.weight.dtype))
        return row


def _level(n_axes: int, n_in: int, n: int, layout: Layout, width: int) -> list[nn.Module]:
    """The residual blocks of one level."""
    return [Residual(n_axes, n if block else n_in, n, width) for block in range(layout.blocks)]


def _middle(n_axes: int, n: int, layout: Layout, width: int) -> list[nn.Module]:
    """The coarsest blocks, with attention between them."""
    between = [Attention(n, math.gcd(n, 64))] if layout.attention else []
    return [Residual(n_axes, n, n, width), *between, Residual(n_axes, n, n, width)]
