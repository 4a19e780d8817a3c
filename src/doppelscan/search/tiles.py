"""Which reference shares a part with each query, at its own place? By tiles.

A generator may copy a part of a patient into an image that is otherwise new. Images are shrunk, cut into tiles that
overlap by half, and each tile is correlated with the tiles of the same place in all references. Correlations are taken
to Fisher's z, averaged over blocks of two neighbouring tiles along each axis, and compared with those of the same query
and place with all references: a smooth place matches everybody, and so says little. The most striking place decides.

The answer for a query depends on that query and the references alone, to the last bit: products of tiles are exact, and
sums run over the references in their order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, Shaped

from doppelscan.errors import InputError
from doppelscan.search.blocks import Blocks, as_blocks
from doppelscan.search.neighbours import Groups, misfits
from doppelscan.search.tile_grid import Detail, TileGrid, TileSettings
from doppelscan.search.tile_sums import TileSums
from doppelscan.settings import Resources
from doppelscan.workers import single_threaded_algebra

__all__ = ["Detail", "TileMatches", "TileSettings", "match_tiles"]

_MOST = 256  # images of either side at once


@dataclass(frozen=True, eq=False)
class TileMatches:
    """For each query the reference with which a part of it agrees most strikingly.

    Attributes
    ----------
    indices
        That reference; -1 where none is left after exclusion.
    statistic
        How many standard deviations their agreement is above that of all references at the same place; NaN
        where there is none, and 0 where nothing in the query has detail.
    boxes
        The most striking place, in pixels of the query: its first and its end along each axis of space.
    mirrored
        Whether the query's left and right were exchanged to agree; the box is in the query as it is.
    """

    indices: Int64[np.ndarray, "m"]
    statistic: Float64[np.ndarray, "m"]
    boxes: Int64[np.ndarray, "m axes 2"]
    mirrored: Bool[np.ndarray, "m"]


def match_tiles(
    queries: Blocks | Shaped[np.ndarray, "m c *space"],
    references: Blocks | Shaped[np.ndarray, "n c *space"],
    settings: TileSettings | None = None,
    *,
    exclude: Groups | None = None,
    resources: Resources | None = None,
    progress: Callable[[int], None] | None = None,
) -> TileMatches:
    """The reference that each query shares a part with, at its own place or that of the mirrored image.

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
    if problems := misfits(len(queries), len(references), 1, exclude):
        raise InputError(problems)
    shape = next((side.read(0, 1).shape[1:] for side in (queries, references) if len(side)), (1, 1, 1))
    grid = TileGrid.of(shape, settings)
    parts = [_nobody(0, len(grid.small))]
    with single_threaded_algebra(), ThreadPoolExecutor(resources.threads) as pool:
        for start, pixels in _blocks(queries, grid, resources.memory):
            ways = _ways(pixels, grid, settings)
            for first, others in _blocks(references, grid, resources.memory):
                left_out = _left_out(exclude, (start, len(pixels)), (first, len(others)))
                theirs = grid.vectors(others).transpose(0, 2, 1)
                list(pool.map(partial(_Way.add, theirs=theirs, left_out=left_out, first=first), ways))
                if progress:
                    progress(len(pixels) * len(others))
            parts.append(_most_striking(ways, grid))
    return _joined(parts)


@dataclass(frozen=True, eq=False)
class _Way:
    """Some queries, as they are or mirrored, and what is kept of their agreement."""

    vectors: Float32[np.ndarray, "tiles m d"]
    places: Int64[np.ndarray, "places tiles_each"]
    sums: TileSums

    def add(
        self, theirs: Float32[np.ndarray, "tiles d n"], left_out: Bool[np.ndarray, "m n"], first: int
    ) -> None:
        """Take in the tiles of more references."""
        self.sums.add(self.vectors @ theirs, self.places, left_out, first)


def _ways(pixels: Shaped[np.ndarray, "m c *space"], grid: TileGrid, settings: TileSettings) -> list[_Way]:
    views = [pixels, np.flip(pixels, grid.left_right)] if settings.mirrored else [pixels]
    places = grid.places
    return [_Way(grid.vectors(view), places, TileSums.empty(len(view), len(places))) for view in views]


def _blocks(
    images: Blocks, grid: TileGrid, memory: int
) -> Iterator[tuple[int, Shaped[np.ndarray, "b c *space"]]]:
    """Images and where they start: as many at once as an eighth of memory holds of pixels, tiles and products."""
    n_tiles, values = math.prod(grid.n_tiles), math.prod(grid.shape)
    bytes_each = 4 * 8 * values + 4 * 4 * n_tiles * (grid.shape[0] * math.prod(grid.tile) + _MOST)
    size = max(1, min(memory // 8 // bytes_each, _MOST))
    return (
        (start, images.read(start, min(start + size, len(images)))) for start in range(0, len(images), size)
    )


def _left_out(
    exclude: Groups | None, queries: tuple[int, int], references: tuple[int, int]
) -> Bool[np.ndarray, "some others"]:
    """Which pairs, of so many images from a start each, do not count."""
    if exclude is None:
        return np.zeros((queries[1], references[1]), dtype=bool)
    own, others = (
        group[start : start + n] for group, (start, n) in zip(exclude, (queries, references), strict=True)
    )
    return np.asarray(own[:, None] == others)


def _most_striking(ways: list[_Way], grid: TileGrid) -> TileMatches:
    """The most striking place of each query in any way."""
    striking = np.stack([way.sums.striking for way in ways], axis=1)
    m, _, n_places = striking.shape
    flat = striking.reshape(m, -1).argmax(axis=1)
    way, place = np.divmod(flat, n_places)
    every = np.arange(m)
    indices = np.stack([one.sums.who for one in ways], axis=1)[every, way, place]
    statistic = np.where(indices < 0, np.nan, striking[every, way, place])
    boxes = np.array([[(s.start, s.stop) for s in grid.box(int(p))] for p in place], dtype=np.int64)
    mirrored = way == 1
    width = grid.shape[grid.left_right - 1]
    axis = grid.left_right - 2
    boxes[mirrored, axis] = width - boxes[mirrored, axis, ::-1]
    return TileMatches(indices, statistic, boxes, mirrored)


def _nobody(m: int, n_axes: int) -> TileMatches:
    nobody, nothing = np.full(m, -1, dtype=np.int64), np.zeros((m, n_axes, 2), dtype=np.int64)
    return TileMatches(nobody, np.full(m, np.nan), nothing, np.zeros(m, dtype=bool))


def _joined(parts: list[TileMatches]) -> TileMatches:
    names = [field.name for field in fields(TileMatches)]
    return TileMatches(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
