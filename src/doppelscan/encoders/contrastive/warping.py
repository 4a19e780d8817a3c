"""How are images moved on the device, each in its own way? Affine maps and smooth fields, 2D and 3D."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch.nn import functional

__all__ = ["affine", "places", "sampled", "smooth_field"]

_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def places(space: tuple[int, ...], device: torch.device) -> Float[torch.Tensor, "d *space"]:
    """Where each pixel is: the centre at 0, the ends of the longest axis at -1 and 1."""
    longest = max(space)
    axes = [(torch.arange(length, device=device) * 2 + 1 - length) / longest for length in space]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"))


def affine(
    where: Float[torch.Tensor, "d *space"],
    matrix: Float[torch.Tensor, "n d d"],
    offset: Float[torch.Tensor, "n d"],
) -> Float[torch.Tensor, "n d *space"]:
    """Where each pixel of n images comes from under `matrix @ place + offset`."""
    d, *space = where.shape
    moved = matrix @ where.reshape(d, -1) + offset[:, :, None]
    return moved.reshape(-1, d, *space)


def smooth_field(
    nodes: Float[torch.Tensor, "n d *nodes"], space: tuple[int, ...]
) -> Float[torch.Tensor, "n d *space"]:
    """Values at a few nodes, interpolated to every pixel."""
    return functional.interpolate(nodes, size=space, mode=_LINEAR[len(space)], align_corners=True)


def sampled(
    images: Float[torch.Tensor, "n c *space"], where: Float[torch.Tensor, "n d *space"], padding: str
) -> Float[torch.Tensor, "n c *space"]:
    """The images' values at these places, interpolated linearly.

    Beyond the border there is `zeros`, the `border`'s value or the image's `reflection`.
    """
    space = images.shape[2:]
    longest = max(space)
    ends = torch.tensor([longest / length for length in space], device=images.device)
    grid = (where.movedim(1, -1) * ends).flip(-1)  # grid_sample takes the last axis first, each from -1 to 1
    return functional.grid_sample(images, grid, padding_mode=padding, align_corners=False)
