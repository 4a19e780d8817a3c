"""What a search finds: for each query its best references so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

__all__ = ["Groups", "Neighbours", "joined", "merged", "nobody"]

Groups = tuple[Int64[np.ndarray, "m"], Int64[np.ndarray, "n"]]


@dataclass(frozen=True)
class Neighbours:
    """The k references most like each query, best first.

    `indices` count among the references, -1 where there is none; `scores` are Pearson correlations, NaN
    where there is none: for a constant query, or where fewer than k references are left.
    """

    indices: Int64[np.ndarray, "m k"]
    scores: Float64[np.ndarray, "m k"]

    @property
    def least(self) -> Float64[np.ndarray, "m"]:
        """What a further reference must reach to be among the k: -inf where there are fewer yet."""
        return np.asarray(np.nan_to_num(self.scores[:, -1], nan=-np.inf))


def nobody(m: int, k: int) -> Neighbours:
    """Of m queries none has a neighbour yet."""
    return Neighbours(np.full((m, k), -1, dtype=np.int64), np.full((m, k), np.nan))


def merged(
    found: Neighbours,
    rows: Int64[np.ndarray, "p"],
    indices: Int64[np.ndarray, "p"],
    scores: Float64[np.ndarray, "p"],
) -> Neighbours:
    """The k best of those found and of new ones for some rows; of equal ones the lower index first."""
    m, k = found.indices.shape
    rows = np.concatenate([np.repeat(np.arange(m), k), rows])
    indices = np.concatenate([found.indices.ravel(), indices])
    scores = np.concatenate([found.scores.ravel(), scores])
    order = np.lexsort((indices, -scores, rows))  # NaN, which is nobody, comes last
    begins = np.searchsorted(rows[order], np.arange(m))
    best = order[begins[:, None] + np.arange(k)]
    return Neighbours(indices[best], scores[best])


def joined(parts: Sequence[Neighbours]) -> Neighbours:
    """The neighbours of queries that were searched part by part, in order."""
    return Neighbours(np.concatenate([p.indices for p in parts]), np.concatenate([p.scores for p in parts]))
