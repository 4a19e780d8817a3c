"""Which pairs of small pictures are on the device at once? Chunks of one size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int64, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.registration.preparing import prepared, small_space
from doppelscan.registration.residuals import Paired
from doppelscan.registration.settings import AlignmentSettings
from doppelscan.search import Blocks
from doppelscan.search.blocks import as_blocks

__all__ = ["Chunk", "Images", "Pairing", "PairsOf"]

Images = Blocks | Shaped[np.ndarray, "..."]
PairsOf = tuple[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"]]

_PIXELS_AT_ONCE = {"cpu": 2**17, "cuda": 2**23}  # of one side of a chunk
_PAIRS_AT_ONCE = {"cpu": 32, "cuda": 2048}  # where images are small
_READ_AT_ONCE = 2**24  # bytes of float64 pixels


@dataclass(frozen=True)
class Chunk:
    """Some pairs: `span` is where they are among all. The last one is repeated to the size of all chunks.

    As every operation then sees tensors of the same shape, rounding does not depend on how many pairs there are.
    """

    paired: Paired
    span: slice

    def __len__(self) -> int:
        return int(self.span.stop - self.span.start)

    @property
    def rows(self) -> Int64[np.ndarray, " k"]:
        """The pair that each picture belongs to, among all."""
        rows = self.span.start + np.arange(len(self.paired.fixed))
        return np.asarray(np.minimum(rows, self.span.stop - 1), dtype=np.int64)


@dataclass(frozen=True)
class Pairing:
    """Small pictures of the images that are in a pair, and which are paired."""

    moving: Float32[torch.Tensor, "m c *small"]
    fixed: Float32[torch.Tensor, "n c *small"]
    pairs: PairsOf
    least_overlap: float

    @staticmethod
    def of(
        moving: Images,
        fixed: Images,
        pairs: PairsOf | None,
        settings: AlignmentSettings,
        device: torch.device | str,
    ) -> Pairing:
        """The pictures of all images that are in a pair.

        Raises
        ------
        InputError
            If shapes differ or are neither 2D nor 3D, pairs do not fit, or a pixel is not finite.
        """
        sides = as_blocks(moving), as_blocks(fixed)
        shape = _shape(sides)
        first, second = _checked(pairs, len(sides[0]), len(sides[1]))
        side = settings.side_of(len(shape) - 1)
        moved, first = _pictures(sides[0], first, shape, side, device)
        still, second = _pictures(sides[1], second, shape, side, device)
        return Pairing(moved, still, (first, second), settings.least_overlap)

    def __len__(self) -> int:
        return len(self.pairs[0])

    @property
    def n_axes(self) -> int:
        """2 for images, 3 for volumes."""
        return self.fixed.ndim - 2

    def chunks(self) -> Iterator[Chunk]:
        """All pairs in order, so many at once that the device is busy."""
        device = self.fixed.device
        kind = "cpu" if device.type == "cpu" else "cuda"
        size = min(_PAIRS_AT_ONCE[kind], 1 + _PIXELS_AT_ONCE[kind] // math.prod(self.fixed.shape[1:]))
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            rows = torch.arange(start, start + size).clamp(max=stop - 1)
            first, second = (torch.from_numpy(places)[rows].to(device) for places in self.pairs)
            yield Chunk(
                Paired(self.moving[first], self.fixed[second], self.least_overlap), slice(start, stop)
            )


def _shape(sides: tuple[Blocks, Blocks]) -> tuple[int, ...]:
    """The shape (c, *space) of the images of both sides."""
    shape, other = (tuple(side.read(0, 1).shape[1:]) for side in sides)
    if shape != other:
        raise InputError(
            Problem(f"moving images are {shape} and fixed ones {other}", cure="prepare them alike")
        )
    if len(shape) not in (3, 4) or 0 in shape:
        raise InputError(Problem(f"images of shape {shape} are neither 2D nor 3D", cure="give (c, *space)"))
    return shape


def _checked(pairs: PairsOf | None, m: int, n: int) -> PairsOf:
    """The pairs, which fit m moving and n fixed images; by default the first with the first and so on."""
    first, second = (np.arange(m), np.arange(n)) if pairs is None else pairs
    if len(first) != len(second):
        what = f"{len(first)} moving and {len(second)} fixed images are no pairs"
        raise InputError(Problem(what, where="pairs", cure="say which are paired"))
    for positions, length in ((first, m), (second, n)):
        if len(positions) and (positions.min() < 0 or positions.max() >= length):
            raise InputError(Problem(f"positions are not all among {length} images", where="pairs"))
    return first, second


def _pictures(
    images: Blocks,
    positions: Int64[np.ndarray, " p"],
    shape: tuple[int, ...],
    side: int,
    device: torch.device | str,
) -> tuple[Float32[torch.Tensor, "u c *small"], Int64[np.ndarray, " p"]]:
    """The small pictures of the images at these positions, each once, and where each position's is.

    Images are read block by block, and prepared one by one: so no rounding depends on the others.
    """
    used, places = np.unique(positions, return_inverse=True)
    pictures = torch.empty((len(used), shape[0], *small_space(shape[1:], side)), device=device)
    size = max(1, _READ_AT_ONCE // (8 * math.prod(shape)))
    for block in np.unique(used // size):
        pixels = images.read(int(block) * size, (int(block) + 1) * size)
        for row in np.flatnonzero(used // size == block):
            at = used[row] - block * size
            pictures[row] = prepared(pixels[at : at + 1], side, device)[0]
    return pictures, places.astype(np.int64)
