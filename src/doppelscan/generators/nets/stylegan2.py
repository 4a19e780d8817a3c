"""How does StyleGAN2 turn chance into an image? A mapping network, then styles that steer the convolutions.

Karras, Laine, Aila, "A style-based generator architecture", CVPR 2019; Karras, Laine, Aittala, Hellsten, Lehtinen,
Aila, "Analyzing and improving the image quality of StyleGAN", CVPR 2020 (figures 2d and 7b: skip generator);
Karras, Aittala, Hellsten, Laine, Lehtinen, Aila, "Training GANs with limited data", NeurIPS 2020 (labels).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import nn
from torch.nn import functional

from doppelscan.generators.nets.stylegan2_filters import upsampled
from doppelscan.generators.nets.stylegan2_layers import Linear, ModulatedConv, activated, normalised
from doppelscan.generators.nets.stylegan2_sizes import Sizes

__all__ = ["Generator", "Mapping", "Synthesis", "one_hot"]

_MEAN_KEEPS = 0.998  # of the running mean of w at each batch, once there were enough for a plain mean


class Generator(nn.Module):
    """Images from z in Z, a label, and noise for every pixel of every layer.

    Parameters
    ----------
    n_z, n_w
        Dimensions of z and w.
    depth
        Layers of the mapping network.
    capacity, widest
        Feature channels (`Sizes.channels`).
    """

    def __init__(
        self,
        n_channels: int,
        space: tuple[int, ...],
        n_labels: int,
        *,
        n_z: int,
        n_w: int,
        depth: int,
        capacity: int,
        widest: int,
    ) -> None:
        super().__init__()
        self.mapping = Mapping(n_z, n_w, n_labels, depth)
        self.synthesis = Synthesis(n_channels, Sizes.of(space), n_w, capacity, widest)

    def forward(
        self,
        z: Float[torch.Tensor, "n k d"],
        labels: Int64[torch.Tensor, " n"],
        noise: Float[torch.Tensor, "n m"],
        crossover: Int64[torch.Tensor, " n"] | None = None,
        truncation: float = 1.0,
    ) -> tuple[Float[torch.Tensor, "n c h w"], Float[torch.Tensor, "n layers e"]]:
        """Images, and the styles w that they were made with.

        With two z an image, its layers from `crossover` on are in the second one's style (style mixing).
        """
        w = [self.mapping(part, labels, truncation) for part in z.unbind(1)]
        styles = w[0][:, None].expand(-1, self.synthesis.n_layers, -1)
        if crossover is not None:
            first = torch.arange(self.synthesis.n_layers, device=z.device) < crossover[:, None]
            styles = torch.where(first[:, :, None], styles, w[1][:, None])
        return self.synthesis(styles, noise), styles


class Mapping(nn.Module):
    """f: Z -> W, fully connected layers that learn at a hundredth of the speed, with the running mean of w."""

    mean_w: torch.Tensor
    averaged: torch.Tensor

    def __init__(self, n_z: int, n_w: int, n_labels: int, depth: int) -> None:
        super().__init__()
        self.n_z, self.n_labels = n_z, n_labels
        self.label = Linear(n_labels, n_w) if n_labels else None
        widths = [n_z + (n_w if n_labels else 0), *[n_w] * depth]
        self.layers = nn.ModuleList(Linear(a, b, rate=0.01) for a, b in itertools.pairwise(widths))
        self.register_buffer("mean_w", torch.zeros(n_w))
        self.register_buffer("averaged", torch.tensor(0.0))  # batches

    def forward(
        self, z: Float[torch.Tensor, "n d"], labels: Int64[torch.Tensor, " n"], truncation: float = 1.0
    ) -> Float[torch.Tensor, "n e"]:
        """The styles w; a `truncation` psi below 1 draws them to their mean: mean + psi (w - mean)."""
        with torch.autocast(z.device.type, enabled=False):
            x = normalised(z.float())
            if self.label is not None:
                x = torch.cat([x, normalised(self.label(one_hot(labels, self.n_labels)))], 1)
            for layer in self.layers:
                x = activated(layer(x))
        if self.training:
            self._remember(x)
        return x if truncation == 1 else self.mean_w + truncation * (x - self.mean_w)

    @torch.no_grad()
    def _remember(self, w: torch.Tensor) -> None:
        """The running mean of w."""
        self.averaged += 1
        self.mean_w.lerp_(w.mean(0), (1 / self.averaged).clamp(min=1 - _MEAN_KEEPS))


class Synthesis(nn.Module):
    """g: W -> images, by growing features and adding up the image that each grid contributes."""

    def __init__(self, n_channels: int, sizes: Sizes, n_w: int, capacity: int, widest: int) -> None:
        super().__init__()
        self.sizes = sizes
        widths = sizes.channels(capacity, widest)
        self.start = nn.Parameter(torch.randn(1, widths[0], *sizes.grids[0]))
        blocks = [
            _Block(widths[max(level - 1, 0)], width, n_channels, n_w, grid, grows=level > 0)
            for level, (width, grid) in enumerate(zip(widths, sizes.grids, strict=True))
        ]
        self.blocks = nn.ModuleList(blocks)
        self.n_noise = sum(block.n_noise for block in blocks)
        self.n_layers = sum(block.n_layers for block in blocks) + 1

    def forward(
        self, w: Float[torch.Tensor, "n layers d"], noise: Float[torch.Tensor, "n m"]
    ) -> Float[torch.Tensor, "n c h w"]:
        """The images of these styles, one w for each layer."""
        x = self.start.expand(len(w), -1, -1, -1)
        images: torch.Tensor | None = None
        layer, place = 0, 0
        for block in cast("Iterable[_Block]", self.blocks):
            x, part = block(x, w[:, layer:], noise[:, place : place + block.n_noise])
            images = part if images is None else upsampled(images) + part
            layer, place = layer + block.n_layers, place + block.n_noise
        assert images is not None
        return self.sizes.cropped(images)


class _Block(nn.Module):
    """One grid: one or, where it `grows` from the last grid, two styled convolutions, then a part of the image."""

    def __init__(
        self, n_in: int, n_out: int, n_channels: int, n_w: int, grid: tuple[int, int], *, grows: bool
    ) -> None:
        super().__init__()
        layers = [_Styled(n_in, n_out, n_w, up=True)] if grows else []
        self.layers = nn.ModuleList([*layers, _Styled(n_out, n_out, n_w)])
        self.image = ModulatedConv(n_out, n_channels, 1, n_w=n_w, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(n_channels, 1, 1))
        self.grid = grid
        self.n_layers = len(self.layers)
        self.n_noise = self.n_layers * grid[0] * grid[1]

    def forward(
        self, x: torch.Tensor, w: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Features and the image that they contribute, in the style of the next grid's first layer."""
        maps = noise.reshape(len(x), self.n_layers, 1, *self.grid)
        for index, layer in enumerate(self.layers):
            x = layer(x, w[:, index], maps[:, index])
        return x, self.image(x, w[:, self.n_layers]) + self.bias


class _Styled(nn.Module):
    """A modulated convolution, noise of a learnt strength, a bias, the activation (figure 2d)."""

    def __init__(self, n_in: int, n_out: int, n_w: int, *, up: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv(n_in, n_out, 3, n_w=n_w, up=up)
        self.strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(n_out, 1, 1))

    def forward(self, x: torch.Tensor, w: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """The next features."""
        return activated(self.conv(x, w) + self.strength * noise + self.bias)


def one_hot(labels: Int64[torch.Tensor, " n"], n_labels: int) -> Float[torch.Tensor, "n labels"]:
    """A one at each label's place; nothing but zeros for an unknown label, -1."""
    return functional.one_hot(labels + 1, n_labels + 1)[:, 1:].float()
