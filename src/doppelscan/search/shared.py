"""Do two images share a part, wherever it lies? By fine detail that agrees where points say that it should.

The points of `voting` say how a candidate lies in the query. Moved so, its detail is correlated with the query's
about each pixel, and this agreement averaged over the neighbourhood. All patients have ribs in common, and these
agree, too: hence what counts is how much more one candidate agrees, at some place, than any other patient's does there.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int64, Shaped, UInt8

from doppelscan.encoders.shades import grey, no_longer_than
from doppelscan.search.blocks import Blocks
from doppelscan.search.voting import KeypointMatches
from doppelscan.settings import Resources
from doppelscan.store import Rows
from doppelscan.workers import single_threaded_vision

__all__ = ["BYTES_A_FILM", "SmallFilms", "shared_parts"]

BYTES_A_FILM = 112**2  # at most
_SIDE = 112  # pixels along the longest side; what follows is in these pixels
_NOISE, _DETAIL = 0.7, 2.0  # standard deviations: what is finer and what is coarser is left out
_WINDOW = 2.0  # of one correlation
_FLAT = 1.5  # shades of 255: detail that is no more than this has no say
_MOST = 0.95  # correlations count as this at most, so that one edge does not make a part
_COARSER, _PLACE = 4, 3.0  # agreement is averaged over a neighbourhood of so many coarser pixels


@dataclass(frozen=True, eq=False)
class SmallFilms:
    """Films in shades of grey, no longer than 112 pixels: what is kept of each set; `space` is their own shape."""

    shades: Rows
    space: tuple[int, int]

    @staticmethod
    def of(images: Blocks, resources: Resources, *, in_memory: bool = True) -> SmallFilms:
        """The images of a set, or of an array as Blocks; kept in memory, or in a file."""
        space = images.read(0, 1).shape[2:] if len(images) else (1, 1)
        small = no_longer_than(_SIDE, space)
        shades = Rows.of((len(images), *small), np.uint8, in_memory=in_memory)
        size = max(1, resources.memory // 16 // (32 * space[0] * space[1]))
        with single_threaded_vision(), ThreadPoolExecutor(resources.threads) as pool:
            for start in range(0, len(images), size):
                pixels = images.read(start, min(start + size, len(images)))
                shades.write(start, np.stack(list(pool.map(partial(_small, small=small), pixels))))
        return SmallFilms(shades, (space[0], space[1]))

    def __len__(self) -> int:
        return len(self.shades)

    def one(self, film: int) -> UInt8[np.ndarray, "h w"]:
        """The shades of one film."""
        return np.asarray(self.shades.read(film, film + 1)[0])

    @property
    def onto_pixels(self) -> Float64[np.ndarray, "3 3"]:
        """Where (x, y, 1) of a small film lies in the film itself."""
        (h, w), (small_h, small_w) = self.space, self.shades.shape[1:]
        sx, sy = w / small_w, h / small_h
        return np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1]])


def shared_parts(
    queries: SmallFilms,
    references: SmallFilms,
    found: KeypointMatches,
    patient: Int64[np.ndarray, " n"],
    *,
    resources: Resources,
    progress: Callable[[int], None] | None = None,
) -> Float64[np.ndarray, "m k"]:
    """How much more of a part each candidate shares with its query than other patients' candidates do.

    In Fisher's z: 0 is nothing, above 1 a part without doubt; NaN where there is no candidate. A query's values
    depend on that query and its candidates alone. `patient` numbers the patients of the references.
    """

    def one(query: int) -> Float64[np.ndarray, " k"]:
        values = _excess(queries, references, found, query, patient)
        if progress:
            progress(1)
        return values

    with single_threaded_vision(), ThreadPoolExecutor(resources.threads) as pool:
        rows = list(pool.map(one, range(len(queries))))
    return np.stack(rows) if rows else np.empty(found.scores.shape)


def _excess(
    queries: SmallFilms,
    references: SmallFilms,
    found: KeypointMatches,
    query: int,
    patient: Int64[np.ndarray, " n"],
) -> Float64[np.ndarray, " k"]:
    """The values of one query."""
    named = found.indices[query]
    mine = _Detail.of(queries.one(query))
    maps = np.stack(
        [_agreement(mine, _moved(references, found, query, rank), queries) for rank in range(len(named))]
    )
    owner = np.where(named >= 0, patient[named], -1)
    others = [maps[owner != who].max(axis=0, initial=0.0) for who in owner]
    values = [float((own - other).max()) for own, other in zip(maps, others, strict=True)]
    return np.where(named >= 0, np.maximum(values, 0.0), np.nan)


@dataclass(frozen=True, eq=False)
class _Detail:
    """What is finer than broad shapes and coarser than noise, where there is an image, and its mean square."""

    values: Float32[np.ndarray, "h w"]
    squares: Float32[np.ndarray, "h w"]

    @staticmethod
    def of(shades: UInt8[np.ndarray, "h w"], there: Float32[np.ndarray, "h w"] | None = None) -> _Detail:
        fine = _blurred(shades.astype(np.float32), _NOISE)
        values = fine - _blurred(fine, _DETAIL)
        values = values if there is None else values * there
        return _Detail(values, _blurred(values * values, _WINDOW))


def _moved(references: SmallFilms, found: KeypointMatches, query: int, rank: int) -> _Detail | None:
    """The detail of one candidate as it lies in the query; None where points do not say how."""
    transform = found.transforms[query, rank]
    if not np.isfinite(transform).all():
        return None
    scale = references.onto_pixels
    moved = (np.linalg.inv(scale) @ np.vstack([transform, [0, 0, 1]]) @ scale)[:2]
    shades = references.one(int(found.indices[query, rank]))
    size = shades.shape[::-1]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(shades, moved, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    there = cv2.warpAffine(np.ones(shades.shape, np.float32), moved, size, flags=flags)
    return _Detail.of(laid, (there > 0.99).astype(np.float32))


def _agreement(mine: _Detail, other: _Detail | None, queries: SmallFilms) -> Float32[np.ndarray, "a b"]:
    """Fisher's z of the local correlation, averaged over neighbourhoods; an inverted copy agrees, too."""
    h, w = queries.shades.shape[1:]
    coarse = max(1, w // _COARSER), max(1, h // _COARSER)
    if other is None:
        return np.zeros(coarse[::-1], dtype=np.float32)
    both = _blurred(mine.values * other.values, _WINDOW)
    correlation = both / np.sqrt((mine.squares + _FLAT**2) * (other.squares + _FLAT**2))
    z = np.arctanh(np.minimum(np.abs(correlation), _MOST)).astype(np.float32)
    return _blurred(cv2.resize(z, coarse, interpolation=cv2.INTER_AREA), _PLACE, cv2.BORDER_CONSTANT)


def _blurred(
    values: Float32[np.ndarray, "h w"], sigma: float, border: int = cv2.BORDER_REFLECT_101
) -> Float32[np.ndarray, "h w"]:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma, borderType=border))


def _small(image: Shaped[np.ndarray, "c h w"], small: tuple[int, ...]) -> UInt8[np.ndarray, "a b"]:
    return np.asarray(cv2.resize(grey(image), small[::-1], interpolation=cv2.INTER_AREA))
