"""Where is a position of one image in another, and what is seen there? Warps, and pixels.

Positions are measured from the centre of the image in halves of its longest side, in the order of the axes:
they mean the same at any resolution, and turns and zooms keep their meaning where images are not square.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as nn
from jaxtyping import Float32

from doppelscan.registration.separable import along_axes, splines

__all__ = ["Canvas", "Warp"]


@dataclass(frozen=True)
class Warp:
    """Where each position x of p fixed images lies in their moving images: `matrix @ (x + bend(x)) + offset`.

    `controls` are the coefficients of `bend`, a sum of cubic B-splines; all zeros, there is no bending.
    """

    matrix: Float32[torch.Tensor, "p d d"]
    offset: Float32[torch.Tensor, "p d"]
    controls: Float32[torch.Tensor, "p d *n"]

    @staticmethod
    def affine(matrix: Float32[torch.Tensor, "p d d"], offset: Float32[torch.Tensor, "p d"], n: int) -> Warp:
        """A warp without bending, of `n` controls along each axis."""
        p, d = offset.shape
        return Warp(matrix, offset, matrix.new_zeros((p, d) + (n,) * d))

    def where(self, chosen: torch.Tensor, other: Warp) -> Warp:
        """Of the chosen pairs this warp, of the rest the other."""
        each = chosen.view(-1, 1, 1)
        return Warp(
            torch.where(each, self.matrix, other.matrix),
            torch.where(each[:, 0], self.offset, other.offset),
            torch.where(each.view(-1, *[1] * (self.controls.ndim - 1)), self.controls, other.controls),
        )

    def take(self, pairs: torch.Tensor | slice) -> Warp:
        """The warps of some pairs."""
        return Warp(self.matrix[pairs], self.offset[pairs], self.controls[pairs])

    def to(self, device: torch.device | str) -> Warp:
        """The warps on another device."""
        return Warp(self.matrix.to(device), self.offset.to(device), self.controls.to(device))

    def bent_by(self, step: Float32[torch.Tensor, "p d *n"]) -> Warp:
        """The warp with its controls moved."""
        return replace(self, controls=self.controls + step)

    def after(self, matrix: Float32[torch.Tensor, "p d d"], offset: Float32[torch.Tensor, "p d"]) -> Warp:
        """The warp behind a small affine map: `x + matrix @ x + offset` first, then this, which must not bend."""
        return replace(
            self,
            matrix=self.matrix + self.matrix @ matrix,
            offset=self.offset + (self.matrix @ offset[:, :, None])[:, :, 0],
        )


@dataclass(frozen=True)
class Canvas:
    """The pixels of images of one shape, and where they are."""

    space: tuple[int, ...]
    device: torch.device

    @property
    def extent(self) -> Float32[torch.Tensor, "d"]:
        """Half the length of each axis, in halves of the longest side."""
        return torch.tensor(self.space, dtype=torch.float32, device=self.device) / max(self.space)

    @property
    def axes(self) -> list[Float32[torch.Tensor, "_"]]:
        """The pixels' positions along each axis."""
        return [
            (2 * torch.arange(length, device=self.device) + 1 - length) / max(self.space)
            for length in self.space
        ]

    @property
    def positions(self) -> Float32[torch.Tensor, "d *space"]:
        """The pixels' positions."""
        return torch.stack(torch.meshgrid(*self.axes, indexing="ij"))

    def splines(self, n: int) -> list[Float32[torch.Tensor, "_ n"]]:
        """The B-splines along each axis at its pixels."""
        return [splines(length, n).to(self.device) for length in self.space]

    def sources(self, warp: Warp) -> Float32[torch.Tensor, "p d *space"]:
        """Where each pixel of the fixed images lies in their moving images."""
        positions = self.positions + along_axes(warp.controls, self.splines(warp.controls.shape[-1]))
        moved = warp.matrix @ positions.flatten(2) + warp.offset[:, :, None]
        return moved.view(positions.shape)

    def inside(self, sources: Float32[torch.Tensor, "p d *space"]) -> Float32[torch.Tensor, "p 1 *space"]:
        """1 where a source lies in the moving image, 0 outside."""
        extent = self._per_axis(self.extent)
        return (sources.abs() <= extent).all(dim=1, keepdim=True).float()

    def seen(
        self, moving: Float32[torch.Tensor, "p c *space"], sources: Float32[torch.Tensor, "p d *space"]
    ) -> Float32[torch.Tensor, "p c *space"]:
        """The values of the moving images at the sources, interpolated linearly; the border repeats."""
        grid = (sources / self._per_axis(self.extent)).flip(1).movedim(1, -1)
        return nn.grid_sample(moving, grid, padding_mode="border", align_corners=False)

    def gradient(self, images: Float32[torch.Tensor, "p c *space"]) -> Float32[torch.Tensor, "p d c *space"]:
        """The change of the images along each axis, by central differences; one-sided at the border."""
        per_pixel = [_difference(images, axis) for axis in range(2, images.ndim)]
        return torch.stack(per_pixel, dim=1) * (max(self.space) / 2)

    def _per_axis(self, values: Float32[torch.Tensor, "d"]) -> torch.Tensor:
        return values.view(-1, *[1] * len(self.space))


def _difference(images: torch.Tensor, axis: int) -> torch.Tensor:
    length = images.shape[axis]
    if length == 1:
        return torch.zeros_like(images)
    change = images.narrow(axis, 1, length - 1) - images.narrow(axis, 0, length - 1)
    inner = (change.narrow(axis, 1, length - 2) + change.narrow(axis, 0, length - 2)) / 2
    return torch.cat([change.narrow(axis, 0, 1), inner, change.narrow(axis, length - 2, 1)], dim=axis)
