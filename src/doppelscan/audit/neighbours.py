"""The nearest neighbours of a whole set, found shard by shard and kept: an interrupted search goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Int64

from doppelscan.imagesets import ImageSet
from doppelscan.search import Neighbours, joined, nearest
from doppelscan.settings import Resources
from doppelscan.store import Cache, fingerprint
from doppelscan.workers import Progress

__all__ = ["Exclude", "Search"]

Exclude = tuple[Int64[np.ndarray, " m"], Int64[np.ndarray, " n"]]

_VERSION = 1  # of what the search finds; part of the cache's key
_SHARD = 4096  # queries searched between two writes to the cache


@dataclass(frozen=True, eq=False)
class Search:
    """One search of a set among references; `exclude` leaves out pairs of one group, as `search.nearest` does."""

    references: ImageSet
    k: int
    exclude: Exclude | None
    resources: Resources

    def run(self, queries: ImageSet, work: str, progress: Progress) -> Neighbours:
        """The neighbours of every query; progress counts pairs of images."""
        total = len(queries) * len(self.references)
        progress(work, 0, total)
        parts = []
        for start in range(0, len(queries), _SHARD):
            shard = slice(start, min(start + _SHARD, len(queries)))
            parts.append(
                self._shard(queries, shard, _Pairs(work, start * len(self.references), total, progress))
            )
            progress(work, shard.stop * len(self.references), total)
        return joined(parts)

    def _shard(self, queries: ImageSet, shard: slice, pairs: _Pairs) -> Neighbours:
        """The neighbours of one shard of queries, from the cache where they were found before."""
        part = queries.take(np.arange(shard.start, shard.stop))
        groups = None if self.exclude is None else (self.exclude[0][shard], self.exclude[1])

        def search() -> pd.DataFrame:
            found = nearest(
                part, self.references, self.k, exclude=groups, resources=self.resources, progress=pairs.add
            )
            return pd.DataFrame({"index": found.indices.ravel(), "score": found.scores.ravel()})

        key = {
            "version": _VERSION,
            "queries": part.pixels.fingerprint,
            "references": self.references.pixels.fingerprint,
            "k": self.k,
            "exclude": None if groups is None else [fingerprint(group.tobytes()) for group in groups],
        }
        table = Cache.default().table("neighbours", key, search)
        shape = (len(part), self.k)
        index, score = (table[of].to_numpy().reshape(shape) for of in ("index", "score"))
        return Neighbours(index, score, np.zeros_like(index))


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
