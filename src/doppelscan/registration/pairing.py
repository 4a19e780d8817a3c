"""Which pairs of small pictures are on the device at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int64, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.registration.canvas import Canvas
from doppelscan.registration.preparing import prepared, small_space
from doppelscan.registration.settings import AlignmentSettings
from doppelscan.search import Blocks
from doppelscan.search.blocks import as_blocks

__all__ = ["Chunk", "Images", "Pairing", "PairsOf"]

Images = Blocks | Shaped[np.ndarray, "n c *space"]
PairsOf = tuple[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"]]

_PIXELS_AT_ONCE = {"cpu": 2**18, "cuda": 2**23}  # of one side of a chunk
_READ_AT_ONCE = 2**24  # bytes of float64 pixels


@dataclass(frozen=True)
class Chunk:
    """Some pairs: `span` is where they are among all. The last pair is repeated to the size of all chunks.

    As every operation then sees tensors of the same shape, rounding does not depend on how many pairs there are.
    """

    moving: Float32[torch.Tensor, "k c *small"]
    fixed: Float32[torch.Tensor, "k c *small"]
    span: slice

    def __len__(self) -> int:
        return int(self.span.stop - self.span.start)

    def repeated(self, rows: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " k"]:
        """Of one number for each pair, the last repeated to the size of all chunks."""
        return np.pad(rows, (0, len(self.fixed) - len(rows)), mode="edge")

    @property
    def canvas(self) -> Canvas:
        """Where the pixels of these pictures are."""
        return Canvas(tuple(self.fixed.shape[2:]), self.fixed.device)


@dataclass(frozen=True)
class Pairing:
    """Small pictures of the images that are in a pair, and which are paired."""

    moving: Float32[torch.Tensor, "m c *small"]
    fixed: Float32[torch.Tensor, "n c *small"]
    pairs: PairsOf

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
        pairs = _checked(sides, pairs)
        used = [np.unique(positions) for positions in pairs]
        pictures = [
            _pictures(images, positions, settings, device)
            for images, positions in zip(sides, used, strict=True)
        ]
        places = [np.searchsorted(u, positions) for u, positions in zip(used, pairs, strict=True)]
        return Pairing(pictures[0], pictures[1], (places[0], places[1]))

    def __len__(self) -> int:
        return len(self.pairs[0])

    @property
    def n_axes(self) -> int:
        """2 for images, 3 for volumes."""
        return self.fixed.ndim - 2

    def chunks(self) -> Iterator[Chunk]:
        """All pairs in order, so many at once that the device is busy."""
        device = self.fixed.device
        pixels = math.prod(self.fixed.shape[1:])
        size = max(1, _PIXELS_AT_ONCE.get(device.type, _PIXELS_AT_ONCE["cuda"]) // max(1, pixels))
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            rows = torch.arange(start, start + size).clamp(max=stop - 1)
            first, second = (torch.from_numpy(places)[rows].to(device) for places in self.pairs)
            yield Chunk(self.moving[first], self.fixed[second], slice(start, stop))


def _checked(sides: tuple[Blocks, Blocks], pairs: PairsOf | None) -> PairsOf:
    """The pairs, which fit the two sides; by default the first with the first and so on."""
    lengths = tuple(len(side) for side in sides)
    if pairs is None:
        if lengths[0] != lengths[1]:
            what = f"{lengths[0]} moving and {lengths[1]} fixed images are no pairs"
            raise InputError(Problem(what, where="pairs", cure="say which are paired"))
        return np.arange(lengths[0]), np.arange(lengths[0])
    if len(pairs[0]) != len(pairs[1]):
        raise InputError(
            Problem(f"{len(pairs[0])} and {len(pairs[1])} positions are no pairs", where="pairs")
        )
    for positions, n in zip(pairs, lengths, strict=True):
        if len(positions) and (positions.min() < 0 or positions.max() >= n):
            raise InputError(Problem(f"names images that are not among {n}", where="pairs"))
    return pairs


def _pictures(
    images: Blocks, used: Int64[np.ndarray, " u"], settings: AlignmentSettings, device: torch.device | str
) -> Float32[torch.Tensor, "u c *small"]:
    """The small pictures of the images at these positions, read block by block."""
    shape = images.read(0, 1).shape[1:]
    if len(shape) not in (3, 4):
        raise InputError(Problem(f"images of shape {shape} are neither 2D nor 3D", cure="give (c, *space)"))
    side = settings.side_of(len(shape) - 1)
    pictures = torch.empty((len(used), shape[0], *small_space(shape[1:], side)), device=device)
    size = max(1, _READ_AT_ONCE // (8 * math.prod(shape)))
    for block in np.unique(used // size):
        at = np.flatnonzero(used // size == block)
        pixels = images.read(int(block) * size, (int(block) + 1) * size)
        pictures[at[0] : at[-1] + 1] = prepared(pixels[used[at] - block * size], side, device)
    return pictures
