"""Which sizes do StyleGAN2's images pass through? Doublings of a small start, up to one that holds the image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch.nn import functional

__all__ = ["Sizes"]


@dataclass(frozen=True)
class Sizes:
    """The grids of one generator and its discriminator.

    Attributes
    ----------
    space
        Rows and columns of the images.
    n_doublings
        As many as leave the shorter side of the start at 4 or more; of images more than four times as long as
        wide, as many as leave the longer side at 16 or more.

    Examples
    --------
    >>> Sizes.of((64, 96)).grids
    ((4, 6), (8, 12), (16, 24), (32, 48), (64, 96))
    """

    space: tuple[int, int]
    n_doublings: int

    @staticmethod
    def of(space: tuple[int, ...]) -> Sizes:
        """The sizes that lead to images of `space`; a side that is no such multiple is reached with a margin."""
        height, width = space
        side = max(min(space), max(space) // 4)
        return Sizes((height, width), max(0, (side // 4).bit_length() - 1))

    @property
    def grids(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns from the start to the end; the last holds the image."""
        height, width = (-(-side // 2**self.n_doublings) for side in self.space)
        return tuple((height * 2**level, width * 2**level) for level in range(self.n_doublings + 1))

    def channels(self, capacity: int, widest: int) -> tuple[int, ...]:
        """Feature channels on each grid: `capacity` / 4 at the start, half as many each time, at most `widest`."""
        return tuple(max(1, min(capacity // (4 * 2**level), widest)) for level in range(self.n_doublings + 1))

    def cropped(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c rows columns"]:
        """The image in the middle of the last grid."""
        top, left = self._margins
        return x[:, :, top : top + self.space[0], left : left + self.space[1]]

    def padded(self, images: Float[torch.Tensor, "n c rows columns"]) -> Float[torch.Tensor, "n c h w"]:
        """The images on the last grid, their border continued."""
        if self.grids[-1] == self.space:
            return images
        top, left = self._margins
        bottom, right = (
            grid - side - start
            for grid, side, start in zip(self.grids[-1], self.space, (top, left), strict=True)
        )
        return functional.pad(images, (left, right, top, bottom), mode="replicate")

    @property
    def _margins(self) -> tuple[int, int]:
        (height, width), (rows, columns) = self.grids[-1], self.space
        return (height - rows) // 2, (width - columns) // 2
