"""The nearest neighbours of a whole set, found shard by shard and kept: an interrupted search goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Int64

from doppelscan.audit.judging import Judge
from doppelscan.audit.spaces import PIXELS, Space
from doppelscan.audit.verdicts import SAME_PIXELS
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.pixels import ZarrPixels
from doppelscan.search import Among, Blocks, Kept, Neighbours, joined, nearest
from doppelscan.search.neighbours import merged
from doppelscan.settings import Resources
from doppelscan.store import Cache, fingerprint
from doppelscan.workers import Progress, silent

__all__ = ["Exclude", "Search"]

Exclude = tuple[Int64[np.ndarray, " m"], Int64[np.ndarray, " n"]]

_VERSION = 1  # of what the search finds; part of the cache's key
_SHARD = 4096  # queries searched between two writes to the cache


@dataclass(frozen=True, eq=False)
class Search:
    """One search of the images most like each query; `exclude` is that of `search.nearest`.

    Without a judge, scores are correlations in the one space of `kept`. With one, they are the judge's, of
    the candidates that any of the spaces names.
    """

    images: ImageSet
    kept: tuple[tuple[Space, Kept], ...]
    judge: Judge | None
    k: int
    exclude: Exclude | None

    def once(self, queries: Blocks, resources: Resources) -> Neighbours:
        """The neighbours of every query, not kept."""
        return self._found(queries, self.exclude, resources, _Pairs("", 0, 0, silent))

    def run(self, queries: ImageSet, work: str, resources: Resources, progress: Progress) -> Neighbours:
        """The neighbours of every query; progress counts pairs of images."""
        total = len(queries) * len(self.images)
        progress(work, 0, total)
        parts = []
        for start in range(0, len(queries), _SHARD):
            shard = slice(start, min(start + _SHARD, len(queries)))
            pairs = _Pairs(work, start * len(self.images), total, progress)
            parts.append(self._shard(queries, shard, resources, pairs))
            progress(work, shard.stop * len(self.images), total)
        return joined(parts)

    def _shard(self, queries: ImageSet, shard: slice, resources: Resources, pairs: _Pairs) -> Neighbours:
        """The neighbours of one shard of queries, from the cache where they were found before."""
        part = queries.take(np.arange(shard.start, shard.stop))
        groups = None if self.exclude is None else (self.exclude[0][shard], self.exclude[1])

        def search() -> pd.DataFrame:
            found = self._found(part, groups, resources, pairs)
            return pd.DataFrame({"index": found.indices.ravel(), "score": found.scores.ravel()})

        key = {
            "version": _VERSION,
            "spaces": [space.key for space, _ in self.kept],
            "judge": None if self.judge is None else self.judge.key,
            "queries": part.pixels.fingerprint,
            "references": self.images.pixels.fingerprint,
            "k": self.k,
            "exclude": None if groups is None else [fingerprint(group.tobytes()) for group in groups],
        }
        table = Cache.default().table("neighbours", key, search)
        shape = (len(part), self.k)
        index, score = (table[of].to_numpy().reshape(shape) for of in ("index", "score"))
        return Neighbours(index, score, np.zeros_like(index))

    def _found(
        self, queries: Blocks, exclude: Exclude | None, resources: Resources, pairs: _Pairs
    ) -> Neighbours:
        if self.judge is None:
            return self._nearest(*self.kept[0], queries, self.k, exclude, resources, pairs.add)
        k = max(self.k, self.judge.n_candidates)
        found = [self._nearest(*space, queries, k, exclude, resources, None) for space in self.kept]
        best = self.judge.judged(
            queries, self.images, found, self.k, exclude=exclude, resources=resources, progress=pairs.progress
        )
        return _with_same_pixels(
            best, [one for one, (space, _) in zip(found, self.kept, strict=True) if space is PIXELS]
        )

    def _nearest(
        self,
        space: Space,
        kept: Kept,
        queries: Blocks,
        k: int,
        exclude: Exclude | None,
        resources: Resources,
        progress: Callable[[int], None] | None,
    ) -> Neighbours:
        encoded = _among(space.encoded(queries, resources, silent), kept)
        return nearest(encoded, kept, k, exclude=exclude, resources=resources, progress=progress)


def _with_same_pixels(best: Neighbours, by_pixels: Sequence[Neighbours]) -> Neighbours:
    """Images with the very same pixels agree wholly, whatever a judge made of them."""
    for found in by_pixels:
        rows, ranks = np.nonzero(found.scores > SAME_PIXELS)
        same = found.indices[rows, ranks]
        best = merged(best, rows, same, found.scores[rows, ranks], np.zeros_like(rows))
    return best


def _among(queries: Blocks, kept: Kept) -> Blocks:
    """The queries; said to be references themselves where they are."""
    images = kept.references
    if not (isinstance(queries, ImageSet) and isinstance(images, ImageSet)):
        return queries
    if not isinstance(queries.pixels, ZarrPixels):
        return queries
    positions = queries.pixels.positions_in(images.pixels)
    return queries if positions is None else Among(kept, positions, queries)


@dataclass
class _Pairs:
    """How many pairs of images have been compared so far."""

    work: str
    done: int
    total: int
    progress: Progress

    def add(self, n_pairs: int) -> None:
        self.done += n_pairs
        self.progress(self.work, self.done, self.total)
