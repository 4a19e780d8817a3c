"""How are images moved so that a gradient can be differentiated again? By a map that is its own second gradient."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch.nn import functional

__all__ = ["moved", "sampled"]

_BILINEAR, _REFLECTION = 0, 2  # as torch numbers them


def moved(
    images: Float[torch.Tensor, "n c h w"], matrices: Float[torch.Tensor, "n 3 3"]
) -> Float[torch.Tensor, "n c h w"]:
    """Each image moved by its own affine map, bilinearly; beyond its border it is reflected.

    `matrices` take each new pixel's place to where it comes from: (x, y, 1), in pixels from the centre.
    """
    height, width = images.shape[2:]
    half = torch.tensor([width / 2, height / 2, 1.0], device=images.device)
    theta = (matrices * half / half[:, None])[:, :2]  # from -1 to 1 along each axis, as torch counts
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    return sampled(images, grid)


def sampled(
    images: Float[torch.Tensor, "n c h w"], grid: Float[torch.Tensor, "n h2 w2 2"]
) -> Float[torch.Tensor, "n c h2 w2"]:
    """`torch.nn.functional.grid_sample`, differentiable in the images any number of times.

    Sampling is linear in the images, y = A x. Its gradient is the transposed map, x' = A^T y', whose own is A again;
    R1 needs all three, and of torch 2.8 and later not every version knows the third.
    """
    sampled_images: torch.Tensor = _Gathered.apply(images, grid)  # type: ignore[no-untyped-call]
    return sampled_images


class _Gathered(torch.autograd.Function):
    """A x."""

    @staticmethod
    def forward(ctx: Any, images: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(grid)
        ctx.shape = images.shape
        return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        (grid,) = ctx.saved_tensors
        return _Spread.apply(gradient, grid, ctx.shape), None  # type: ignore[no-untyped-call]


class _Spread(torch.autograd.Function):
    """A^T y."""

    @staticmethod
    def forward(ctx: Any, gradient: torch.Tensor, grid: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
        ctx.save_for_backward(grid)
        images = gradient.new_empty(1).expand(shape)  # its shape alone counts
        back: torch.Tensor = torch.ops.aten.grid_sampler_2d_backward(
            gradient, images, grid, _BILINEAR, _REFLECTION, align_corners=False, output_mask=[True, False]
        )[0]
        return back

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (grid,) = ctx.saved_tensors
        return _Gathered.apply(gradient, grid), None, None  # type: ignore[no-untyped-call]
