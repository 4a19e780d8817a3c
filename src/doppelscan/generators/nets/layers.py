"""The layers that networks of 2D and 3D images share."""

from __future__ import annotations

from typing import TypeVar

import torch
from jaxtyping import Float
from torch import nn
from torch.nn import functional

__all__ = ["Attention", "Doubled", "Embedded", "Residual", "convolution", "group_norm", "padded", "zeroed"]

M = TypeVar("M", bound=nn.Module)

_CONVOLUTIONS: dict[int, type[nn.Conv2d] | type[nn.Conv3d]] = {2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED = {2: functional.conv_transpose2d, 3: functional.conv_transpose3d}


def convolution(
    n_axes: int, n_in: int, n_out: int, *, size: int = 3, stride: int = 1
) -> nn.Conv2d | nn.Conv3d:
    """A convolution that keeps the shape in space, or halves it with stride 2."""
    return _CONVOLUTIONS[n_axes](n_in, n_out, size, stride=stride, padding=size // 2)


def group_norm(n: int) -> nn.GroupNorm:
    """Normalization in up to 32 groups, of four channels at least: one of a group alone would lose its mean.

    The embedding of the time is added to that mean.
    """
    groups = next(k for k in range(max(1, min(32, n // 4)), 0, -1) if n % k == 0)
    return nn.GroupNorm(groups, n, eps=1e-6)


def zeroed(module: M) -> M:
    """The layer with weights of zero, so that at first what it adds to is all there is."""
    for weight in module.parameters():
        nn.init.zeros_(weight)
    return module


def padded(x: Float[torch.Tensor, "n c *space"], multiple: int) -> Float[torch.Tensor, "n c *padded"]:
    """The images with their last pixels repeated until every axis is a multiple of so many pixels."""
    missing = [-length % multiple for length in x.shape[2:]]
    if not any(missing):
        return x
    return functional.pad(x, [part for gap in reversed(missing) for part in (0, gap)], mode="replicate")


class Residual(nn.Module):
    """Two convolutions beside the identity, the embedding of the time added between them."""

    def __init__(self, n_axes: int, n_in: int, n_out: int, width: int = 0) -> None:
        super().__init__()
        self.norm_in, self.norm_out = group_norm(n_in), group_norm(n_out)
        self.inner = convolution(n_axes, n_in, n_out)
        self.outer = zeroed(convolution(n_axes, n_out, n_out))
        self.embedding = nn.Linear(width, n_out) if width else None
        self.beside = convolution(n_axes, n_in, n_out, size=1) if n_in != n_out else nn.Identity()

    def forward(
        self, x: Float[torch.Tensor, "n c *space"], emb: Float[torch.Tensor, "n e"] | None = None
    ) -> Float[torch.Tensor, "n d *space"]:
        """The changed images."""
        h: torch.Tensor = self.inner(functional.silu(self.norm_in(x)))
        if self.embedding is not None:
            assert emb is not None, "a block that is told of the time needs it"
            h = h + self.embedding(emb).reshape(*h.shape[:2], *(1,) * (h.ndim - 2))
        h = self.outer(functional.silu(self.norm_out(h)))
        beside: torch.Tensor = self.beside(x)
        return beside + h


class Attention(nn.Module):
    """Every pixel looks at every other one, beside the identity."""

    def __init__(self, n: int, head_channels: int) -> None:
        super().__init__()
        self.head_channels = head_channels
        self.norm, self.asked, self.answer = group_norm(n), nn.Linear(n, 3 * n), zeroed(nn.Linear(n, n))

    def forward(self, x: Float[torch.Tensor, "n c *space"]) -> Float[torch.Tensor, "n c *space"]:
        """The changed images."""
        n, c = x.shape[:2]
        asked = self.asked(self.norm(x).flatten(2).mT).reshape(
            n, -1, 3, c // self.head_channels, self.head_channels
        )
        q, k, v = asked.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v)
        answer: torch.Tensor = self.answer(seen.transpose(1, 2).reshape(n, -1, c))
        return x + answer.mT.reshape(x.shape)


class Doubled(nn.Module):
    """Images of twice the length along every axis: each pixel repeated, then a convolution.

    Three weights laid over repeated pixels meet two different ones. So weights that meet the same pixel are
    added up first; what is left is a transposed convolution with 4/9 of the products in 2D, 8/27 in 3D.
    """

    def __init__(self, n_axes: int, n: int) -> None:
        super().__init__()
        self.convolution = convolution(n_axes, n, n)

    def forward(self, x: Float[torch.Tensor, "n c *space"]) -> Float[torch.Tensor, "n c *doubled"]:
        """The larger images."""
        weight: torch.Tensor = self.convolution.weight
        for axis in range(2, x.ndim):
            nothing = torch.zeros_like(weight.narrow(axis, 0, 1))
            turned = weight.flip(axis)
            weight = torch.cat([turned, nothing], dim=axis) + torch.cat([nothing, turned], dim=axis)
        larger: torch.Tensor = _TRANSPOSED[x.ndim - 2](
            x, weight.transpose(0, 1), self.convolution.bias, stride=2, padding=1
        )
        return larger


class Embedded(nn.Module):
    """Layers one after the other; those that are told of the time get it."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(
        self, x: Float[torch.Tensor, "n c *space"], emb: Float[torch.Tensor, "n e"]
    ) -> Float[torch.Tensor, "n d *other"]:
        """What the last one gives."""
        for layer in self.layers:
            x = layer(x, emb) if isinstance(layer, Residual) else layer(x)
        return x
