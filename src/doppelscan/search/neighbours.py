"""What a search finds: for each query its best references so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from doppelscan.errors import Problem

__all__ = ["Groups", "Neighbours", "joined", "merged", "misfits", "nobody"]

Groups = tuple[Int64[np.ndarray, "m"], Int64[np.ndarray, "n"]]


@dataclass(frozen=True)
class Neighbours:
    """The k references most like each query, best first.

    `indices` count among the references, -1 where there is none; `scores` are Pearson correlations, NaN
    where there is none: for a constant query, or where fewer than k references are left. `poses` say in
    which pose of the query: of equal scores the lowest, 0 where there is none.
    """

    indices: Int64[np.ndarray, "m k"]
    scores: Float64[np.ndarray, "m k"]
    poses: Int64[np.ndarray, "m k"]

    @property
    def least(self) -> Float64[np.ndarray, "m"]:
        """What a further reference must reach to be among the k: -inf where there are fewer yet."""
        return np.asarray(np.nan_to_num(self.scores[:, -1], nan=-np.inf))

    def rows(self, which: slice) -> Neighbours:
        """Those of some of the queries."""
        return Neighbours(self.indices[which], self.scores[which], self.poses[which])

    def counted_from(self, first: int) -> Neighbours:
        """The same ones where references are counted from another one; nobody is then `-1 - first`."""
        return Neighbours(self.indices - first, self.scores, self.poses)


def nobody(m: int, k: int) -> Neighbours:
    """Of m queries none has a neighbour yet."""
    none = np.full((m, k), -1, dtype=np.int64)
    return Neighbours(none, np.full((m, k), np.nan), np.zeros_like(none))


def merged(
    found: Neighbours,
    rows: Int64[np.ndarray, "p"],
    indices: Int64[np.ndarray, "p"],
    scores: Float64[np.ndarray, "p"],
    poses: Int64[np.ndarray, "p"],
) -> Neighbours:
    """The k best of those found and of new ones for some rows; of equal ones the lower index first.

    Each reference is there once, in its best pose, of equal ones the lowest.
    """
    m, k = found.indices.shape
    rows = np.concatenate([np.repeat(np.arange(m), k), rows])
    indices = np.concatenate([found.indices.ravel(), indices])
    scores = np.concatenate([found.scores.ravel(), scores])
    poses = np.concatenate([found.poses.ravel(), poses])
    order = np.lexsort((poses, indices, -scores, rows))  # NaN, which is nobody, comes last
    order = order[_first_time(rows[order], indices[order])]
    begins = np.searchsorted(rows[order], np.arange(m))
    best = order[begins[:, None] + np.arange(k)]
    return Neighbours(indices[best], scores[best], poses[best])


def misfits(m: int, n: int, k: int, exclude: Groups | None) -> list[Problem]:
    """What is wrong with asking for the k best of n references for each of m queries, without pairs of one group."""
    problems = []
    if k < 1:
        problems.append(Problem(f"k is {k}", cure="ask for at least 1"))
    if exclude and (len(exclude[0]), len(exclude[1])) != (m, n):
        what = f"groups of {len(exclude[0])} and {len(exclude[1])} images, but there are {m} and {n}"
        problems.append(Problem(what, where="exclude", cure="give one group for each image"))
    return problems


def joined(parts: Sequence[Neighbours]) -> Neighbours:
    """The neighbours of queries that were searched part by part, in order."""
    indices, scores, poses = ([getattr(p, of) for p in parts] for of in ("indices", "scores", "poses"))
    return Neighbours(np.concatenate(indices), np.concatenate(scores), np.concatenate(poses))


def _first_time(rows: Int64[np.ndarray, "p"], indices: Int64[np.ndarray, "p"]) -> Bool[np.ndarray, "p"]:
    """Whether a row names an index for the first time; nobody, -1, may be named again and again."""
    order = np.lexsort((indices, rows))  # stable: of one row and index in the order that they are in
    again = (np.diff(rows[order]) == 0) & (np.diff(indices[order]) == 0)
    first = np.ones(len(rows), dtype=bool)
    first[order[1:]] = ~again | (indices[order[1:]] < 0)
    return first
