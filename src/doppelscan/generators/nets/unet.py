"""A U-Net for diffusion, 2D or 3D, of any shape: told of time, label and augmentation.

The network of Ho et al. 2020 as latent diffusion made it common (Rombach et al. 2022; the same layers as MONAI's
`DiffusionModelUNet`): residual blocks, attention at the coarse levels, halved by strides, doubled by repetition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import nn
from torch.nn import functional

from doppelscan.errors import InputError, Problem
from doppelscan.generators.nets.folding import folded, unfolded
from doppelscan.generators.nets.layers import (
    Attention,
    Doubled,
    Embedded,
    Residual,
    convolution,
    group_norm,
    padded,
    zeroed,
)

__all__ = ["Plan", "UNet"]


@dataclass(frozen=True)
class Plan:
    """How large a U-Net is.

    Attributes
    ----------
    channels
        Of each level; each next one has half the length along every axis.
    attention
        Whether each level attends over its pixels.
    blocks
        Residual blocks of each level.
    head_channels
        Channels of one attention head.
    patch
        Pixels along each axis that are one place of the finest level.
    """

    channels: tuple[int, ...]
    attention: tuple[bool, ...]
    blocks: int
    head_channels: int
    patch: int = 1

    def __post_init__(self) -> None:
        problems = []
        if len(self.attention) != len(self.channels):
            what, cure = f"has {len(self.attention)} values", f"as many as channels: {len(self.channels)}"
            problems.append(Problem(what, where="attention", cure=cure))
        levels = zip(self.channels, self.attention, strict=False)
        attending = {n for n, attends in levels if attends} | {self.channels[-1]}
        if odd := sorted(n for n in attending if n % self.head_channels):
            cure = f"a divisor of {', '.join(map(str, odd))}"
            problems.append(Problem(f"is {self.head_channels}", where="head_channels", cure=cure))
        if problems:
            raise InputError(problems)


class UNet(nn.Module):
    """Denoises images of any shape (n, c, *space): what cannot be halved is padded and cut off again.

    Besides the time it is told which of `n_labels` labels an image has, and `n_conditions` numbers.
    """

    def __init__(
        self, n_axes: int, n_in: int, n_out: int, plan: Plan, *, n_labels: int = 0, n_conditions: int = 0
    ) -> None:
        super().__init__()
        first, width = plan.channels[0], 4 * plan.channels[0]
        self.patch, block = plan.patch, plan.patch**n_axes
        self.multiple = plan.patch * 2 ** (len(plan.channels) - 1)
        self.n_frequencies, self.n_labels, self.n_conditions = first, n_labels, n_conditions
        self.time = nn.Sequential(nn.Linear(first, width), nn.SiLU(), nn.Linear(width, width))
        n_told = n_labels + n_conditions
        self.told = nn.Linear(n_told, width, bias=False) if n_told else None
        self.first = convolution(n_axes, n_in * block, first)
        self.down, carried = _downwards(n_axes, plan, width)
        deepest = plan.channels[-1]
        self.middle = Embedded(
            Residual(n_axes, deepest, deepest, width),
            Attention(deepest, plan.head_channels),
            Residual(n_axes, deepest, deepest, width),
        )
        self.up = _upwards(n_axes, plan, width, carried)
        last = zeroed(convolution(n_axes, first, n_out * block))
        self.last = nn.Sequential(group_norm(first), nn.SiLU(), last)

    def forward(
        self,
        x: Float[torch.Tensor, "n c *space"],
        t: Int64[torch.Tensor, " n"],
        labels: Int64[torch.Tensor, " n"],
        conditions: Float[torch.Tensor, "n k"] | None = None,
    ) -> Float[torch.Tensor, "n d *space"]:
        """What the network says of images at these steps of noise; a label is -1 where it is unknown."""
        space, emb = x.shape[2:], self._embedding(t, labels, conditions)
        h = self.first(folded(padded(x, self.multiple), self.patch))
        skips = [h]
        for block in self.down:
            h = block(h, emb)
            skips.append(h)
        h = self.middle(h, emb)
        for block in self.up:
            h = block(torch.cat([h, skips.pop()], dim=1), emb)
        out = unfolded(self.last(h), self.patch)
        for axis, length in enumerate(space, start=2):
            out = out.narrow(axis, 0, length)
        return out

    def _embedding(
        self,
        t: Int64[torch.Tensor, " n"],
        labels: Int64[torch.Tensor, " n"],
        conditions: Float[torch.Tensor, "n k"] | None,
    ) -> Float[torch.Tensor, "n e"]:
        """The time, and the label as one of many and the conditions: zeros where they are unknown."""
        emb: torch.Tensor = self.time(frequencies(t, self.n_frequencies))
        if self.told is not None:
            if conditions is None:
                conditions = torch.zeros(len(t), self.n_conditions, device=t.device)
            of_label = labels[:, None] == torch.arange(self.n_labels, device=labels.device)
            emb = emb + self.told(torch.cat([of_label.to(conditions.dtype), conditions], dim=1))
        return functional.silu(emb)


def frequencies(t: Int64[torch.Tensor, " n"], width: int) -> Float[torch.Tensor, "n w"]:
    """Cosines and sines of the step at `width` / 2 frequencies, from 1 down to 1e-4 (Vaswani et al. 2017)."""
    half = width // 2
    rates = torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / half)
    angles = t[:, None].float() * rates
    return functional.pad(torch.cat([angles.cos(), angles.sin()], dim=1), (0, width % 2))


def _downwards(n_axes: int, plan: Plan, width: int) -> tuple[nn.ModuleList, list[int]]:
    """The blocks on the way down, and the channels that each of them, and the first layer, hands on."""
    blocks, carried = nn.ModuleList(), [plan.channels[0]]
    for level, (n, attends) in enumerate(zip(plan.channels, plan.attention, strict=True)):
        for _ in range(plan.blocks):
            parts: list[nn.Module] = [Residual(n_axes, carried[-1], n, width)]
            blocks.append(Embedded(*parts, *_attention(n, plan, attends)))
            carried.append(n)
        if level < len(plan.channels) - 1:
            blocks.append(Embedded(convolution(n_axes, n, n, stride=2)))
            carried.append(n)
    return blocks, carried


def _upwards(n_axes: int, plan: Plan, width: int, carried: list[int]) -> nn.ModuleList:
    """The blocks on the way up, each of which takes in what one on the way down handed on."""
    blocks, now, carried = nn.ModuleList(), plan.channels[-1], list(carried)
    for level, (n, attends) in reversed(list(enumerate(zip(plan.channels, plan.attention, strict=True)))):
        for place in range(plan.blocks + 1):
            parts: list[nn.Module] = [
                Residual(n_axes, now + carried.pop(), n, width),
                *_attention(n, plan, attends),
            ]
            if level > 0 and place == plan.blocks:
                parts.append(Doubled(n_axes, n))
            blocks.append(Embedded(*parts))
            now = n
    return blocks


def _attention(n: int, plan: Plan, attends: bool) -> list[nn.Module]:  # noqa: FBT001 - one of a level's values
    return [Attention(n, plan.head_channels)] if attends else []
