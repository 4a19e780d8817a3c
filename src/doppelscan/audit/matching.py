"""How well images match the training set, and how much better than they match patients held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from doppelscan.imagesets import ImageSet
from doppelscan.search import Blocks, Neighbours, nearest
from doppelscan.settings import Resources
from doppelscan.store import Cache, fingerprint
from doppelscan.workers import Progress, counted

__all__ = ["Matched", "References", "fisher_z"]

Exclude = tuple[Int64[np.ndarray, " m"], Int64[np.ndarray, " n"]]

_VERSION = 1  # of what the search finds; part of the cache's key
_SHARD = 4096  # queries searched between two writes to the cache
_NEAREST_TO_ONE = 1 - 1e-9  # where Fisher's z is cut off: 10.7


@dataclass(frozen=True, eq=False)
class Matched:
    """The best training matches of m images, and their best score among held-out images.

    `holdout_score` is None where there is no holdout; scores are NaN, and indices -1, where undefined.
    """

    indices: Int64[np.ndarray, "m k"]
    scores: Float64[np.ndarray, "m k"]
    holdout_score: Float64[np.ndarray, " m"] | None

    @property
    def score(self) -> Float64[np.ndarray, " m"]:
        """The best score among training images."""
        return self.scores[:, 0]

    @property
    def best(self) -> Int64[np.ndarray, " m"]:
        """The best training image."""
        return self.indices[:, 0]

    @property
    def statistic(self) -> Float64[np.ndarray, " m"]:
        """The margin on Fisher's z scale; without a holdout, z of the best score itself.

        Images without detail match everything, trained on or not; the margin takes that away.
        """
        z = fisher_z(self.score)
        return z if self.holdout_score is None else z - fisher_z(self.holdout_score)


@dataclass(frozen=True, eq=False)
class References:
    """What images are matched against: the training set and, where there is one, the holdout."""

    train: ImageSet
    holdout: ImageSet | None
    resources: Resources
    progress: Progress

    def match(
        self,
        queries: Blocks,
        work: str,
        *,
        k: int = 1,
        train_exclude: Exclude | None = None,
        holdout_exclude: Exclude | None = None,
    ) -> Matched:
        """The best matches of every query; `exclude` leaves out pairs of one group, as `search.nearest` does."""
        found = self._nearest(queries, self.train, k, train_exclude, f"{work}: training images")
        if self.holdout is None:
            return Matched(found.indices, found.scores, None)
        held = self._nearest(queries, self.holdout, 1, holdout_exclude, f"{work}: held-out images")
        return Matched(found.indices, found.scores, held.scores[:, 0])

    def _nearest(
        self, queries: Blocks, references: ImageSet, k: int, exclude: Exclude | None, work: str
    ) -> Neighbours:
        if not isinstance(queries, ImageSet) or len(queries) == 0:
            return nearest(queries, references, k, exclude=exclude, resources=self.resources)
        starts = range(0, len(queries), _SHARD)
        parts = [
            self._cached(queries, references, k, exclude, slice(start, min(start + _SHARD, len(queries))))
            for start in counted(starts, work, len(starts), self.progress)
        ]
        return Neighbours(
            np.concatenate([p.indices for p in parts]), np.concatenate([p.scores for p in parts])
        )

    def _cached(
        self, queries: ImageSet, references: ImageSet, k: int, exclude: Exclude | None, shard: slice
    ) -> Neighbours:
        """The neighbours of one shard of queries, from the cache where they were found before."""
        part = queries.take(np.arange(shard.start, shard.stop))
        groups = None if exclude is None else (exclude[0][shard], exclude[1])

        def search() -> pd.DataFrame:
            found = nearest(part, references, k, exclude=groups, resources=self.resources)
            return pd.DataFrame({"index": found.indices.ravel(), "score": found.scores.ravel()})

        key = {
            "version": _VERSION,
            "queries": part.pixels.fingerprint,
            "references": references.pixels.fingerprint,
            "k": k,
            "exclude": None if groups is None else [fingerprint(group.tobytes()) for group in groups],
        }
        table = Cache.default().table("neighbours", key, search)
        shape = (len(part), k)
        return Neighbours(table["index"].to_numpy().reshape(shape), table["score"].to_numpy().reshape(shape))


def fisher_z(correlation: Float64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
    """Fisher's z, on which correlations near 1 keep their distance; cut off at 1 - 1e-9."""
    return np.asarray(np.arctanh(np.clip(correlation, -_NEAREST_TO_ONE, _NEAREST_TO_ONE)))
