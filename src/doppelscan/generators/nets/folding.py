"""How does a network work on fewer, thicker pixels? Each block of an image becomes the channels of one place, and back.

Most of a U-Net's work is done at its finest level; in blocks of two pixels along each axis there are a quarter as many
places in 2D, an eighth in 3D (Luhman & Luhman 2022, "Improving diffusion model efficiency through patching").
"""

from __future__ import annotations

import torch
from jaxtyping import Float

__all__ = ["folded", "unfolded"]


def folded(x: Float[torch.Tensor, "n c *space"], side: int) -> Float[torch.Tensor, "n d *places"]:
    """The blocks of `side` pixels along each axis as channels, those of one channel of the image together."""
    if side == 1:
        return x
    n, c, *space = x.shape
    split = x.reshape(n, c, *(part for length in space for part in (length // side, side)))
    places, within = range(2, split.ndim, 2), range(3, split.ndim, 2)
    return split.permute(0, 1, *within, *places).reshape(n, -1, *(length // side for length in space))


def unfolded(x: Float[torch.Tensor, "n d *places"], side: int) -> Float[torch.Tensor, "n c *space"]:
    """The images whose blocks `folded` made into channels."""
    if side == 1:
        return x
    n, d, *places = x.shape
    axes = len(places)
    split = x.reshape(n, d // side**axes, *(side,) * axes, *places)
    order = (part for axis in range(axes) for part in (2 + axes + axis, 2 + axis))
    return split.permute(0, 1, *order).reshape(n, -1, *(length * side for length in places))
