"""Which reference shares a part with each query, at its own place?

A generator may copy a part of a patient into an image that is otherwise new. Images are shrunk, cut into tiles
that overlap by half, and each tile is correlated with the tiles of the same place in all references. Correlations
are taken to Fisher's z, averaged over blocks of two neighbouring tiles along each axis, and compared with those of
the same query and place with all references: smooth places match everybody, and so count for little. The most
striking place decides. The answer for a query depends on that query and the references alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, Shaped
from scipy import ndimage

from doppelscan.errors import InputError, Problem
from doppelscan.search.blocks import Blocks, as_blocks
from doppelscan.search.neighbours import Groups
from doppelscan.settings import Resources

__all__ = ["TileMatches", "TileSettings", "match_tiles"]

_LARGEST_Z = 3.0  # a correlation of 0.995: a copy of a tile need not be better than that
_LEAST_DETAIL = 1e-3  # standard deviation of a tile with detail, as a share of its image's
_PRIOR_SD, _PRIOR_N = 0.25, 10  # of z among references, as if so many had been seen before
_BYTES_A_PAIR = 16  # for each place


@dataclass(frozen=True)
class TileSettings:
    """Tiles of `tile` pixels every `step` pixels of images shrunk to `side` along their longest side."""

    side: int = 64
    tile: int = 16
    step: int = 8
    mirrored: bool = True

    def __post_init__(self) -> None:
        if not 2 <= self.step <= self.tile <= self.side:
            what = f"tiles of {self.tile} every {self.step} in images of {self.side} pixels"
            raise InputError(Problem(what, cure="give 2 <= step <= tile <= side"))


@dataclass(frozen=True, eq=False)
class TileMatches:
    """For each query the reference with which a part of it agrees most strikingly.

    Attributes
    ----------
    indices
        That reference; -1 where there is none: no tile of the query has detail, or all references are excluded.
    statistic
        How many standard deviations the agreement is above that of the same place with the references; NaN where
        there is none.
    mirrored
        Whether the query was flipped, left for right, to agree.
    low, high
        The box of the most striking place in the query, in shares of its axes.
    """

    indices: Int64[np.ndarray, "m"]
    statistic: Float64[np.ndarray, "m"]
    mirrored: Bool[np.ndarray, "m"]
    low: Float64[np.ndarray, "m axes"]
    high: Float64[np.ndarray, "m axes"]


def match_tiles(
    queries: Blocks | Shaped[np.ndarray, "m c *space"],
    references: Blocks | Shaped[np.ndarray, "n c *space"],
    settings: TileSettings | None = None,
    *,
    exclude: Groups | None = None,
    resources: Resources | None = None,
    progress: Callable[[int], None] | None = None,
) -> TileMatches:
    """The reference that each query shares a part with, at the part's own place or mirrored with the image.

    Parameters
    ----------
    exclude
        Groups of the queries and of the references: pairs of one group are left out.
    progress
        Told after each step how many more pairs have been compared, of `len(queries) * len(references)`.

    Raises
    ------
    InputError
        If shapes differ, pixels are not finite real numbers, or groups do not fit.
    """
    queries, references = as_blocks(queries), as_blocks(references)
    settings, resources = settings or TileSettings(), resources or Resources()
    _refuse_misfits(queries, references, exclude)
    if not len(queries) or not len(references):
        return _nobody(len(queries), _n_axes(queries, references))
    grid = _Grid.of(queries.read(0, 1).shape[1:], settings)
    size = _block_size(grid, queries, resources.memory)
    found = []
    for start, pixels in _blocks(queries, size):
        ways = [grid.tiles(pixels)]
        if settings.mirrored:
            ways.append(grid.tiles(np.flip(pixels, grid.left_right + 2)))
        sums = [_Sums.empty(len(pixels), grid) for _ in ways]
        for first, others in _blocks(references, size):
            tiles = grid.tiles(others)
            out = _left_out(exclude, start, len(pixels), first, len(others))
            for way, total in zip(ways, sums, strict=True):
                total.add(_z_of_places(way, tiles, grid), out, first)
            if progress:
                progress(len(pixels) * len(others))
        found.append(_best(sums, grid))
    return _joined(found)


@dataclass(frozen=True)
class _Grid:
    """Where the tiles of images of one shape are."""

    shape: tuple[int, ...]
    small: tuple[int, ...]
    tile: tuple[int, ...]
    starts: tuple[tuple[int, ...], ...]

    @staticmethod
    def of(shape: tuple[int, ...], settings: TileSettings) -> _Grid:
        longest = max(shape[1:])
        factor = min(1.0, settings.side / longest)
        small = tuple(max(1, round(length * factor)) for length in shape[1:])
        tile = tuple(min(settings.tile, length) for length in small)
        starts = tuple(
            tuple(range(0, length - side + 1, settings.step))
            for length, side in zip(small, tile, strict=True)
        )
        return _Grid(shape, small, tile, starts)

    @property
    def n_tiles(self) -> tuple[int, ...]:
        """Tiles along each axis."""
        return tuple(len(starts) for starts in self.starts)

    @property
    def n_places(self) -> tuple[int, ...]:
        """Blocks of two neighbouring tiles along each axis; of one where there are no two."""
        return tuple(max(1, n - 1) for n in self.n_tiles)

    @property
    def left_right(self) -> int:
        """The axis of space from left to right: the columns of a film, the first of a volume."""
        return 1 if len(self.small) == 2 else 0

    def tiles(self, pixels: Shaped[np.ndarray, "n c *space"]) -> _Tiles:
        """Every tile of these images, centred and of length one; zeros where it has no detail."""
        if pixels.shape[1:] != self.shape:
            what = f"images of shape {pixels.shape[1:]} cannot be compared with images of shape {self.shape}"
            raise InputError(Problem(what, cure="bring all to one with `doppelscan prepare --size`"))
        small = np.stack([_shrunk(image, self.small) for image in pixels])
        spread = small.reshape(len(small), -1).std(axis=1)
        places = list(product(*self.starts))
        d = len(small[0]) * int(np.prod(self.tile))
        vectors = np.empty((len(places), len(small), d), dtype=np.float32)
        flat = np.empty((len(places), len(small)), dtype=bool)
        for at, corner in enumerate(places):
            box = tuple(slice(c, c + t) for c, t in zip(corner, self.tile, strict=True))
            tile = small[:, :, *box].reshape(len(small), small.shape[1], -1)
            centred = (tile - tile.mean(axis=2, keepdims=True)).reshape(len(small), -1)
            length = np.linalg.norm(centred, axis=1)
            flat[at] = length <= _LEAST_DETAIL * spread * np.sqrt(d)
            vectors[at] = centred / np.where(flat[at], np.inf, length)[:, None]
        return _Tiles(vectors, flat)


@dataclass(frozen=True, eq=False)
class _Tiles:
    vectors: Float32[np.ndarray, "t n d"]
    flat: Bool[np.ndarray, "t n"]


@dataclass(frozen=True, eq=False)
class _Sums:
    """What is kept of each query and place, over references: enough for a mean, a deviation and the best."""

    count: Int64[np.ndarray, "m places"]
    total: Float64[np.ndarray, "m places"]
    squares: Float64[np.ndarray, "m places"]
    most: Float64[np.ndarray, "m places"]
    who: Int64[np.ndarray, "m places"]

    @staticmethod
    def empty(m: int, grid: _Grid) -> _Sums:
        shape = (m, int(np.prod(grid.n_places)))
        return _Sums(
            np.zeros(shape, dtype=np.int64),
            np.zeros(shape),
            np.zeros(shape),
            np.full(shape, -np.inf),
            np.full(shape, -1, dtype=np.int64),
        )

    def add(self, z: Float32[np.ndarray, "m n places"], out: Bool[np.ndarray, "m n"], first: int) -> None:
        """Take in more references; NaN is no agreement at all."""
        z[out] = np.nan
        known = ~np.isnan(z)
        self.count[...] += known.sum(axis=1)
        for total, power in ((self.total, 1), (self.squares, 2)):
            total[...] += np.where(known, z, 0).astype(np.float64).__pow__(power).sum(axis=1)
        z[~known] = -np.inf
        at = z.argmax(axis=1)
        most = np.take_along_axis(z, at[:, None], axis=1)[:, 0]
        better = most > self.most
        self.most[better], self.who[better] = most[better], first + at[better]
