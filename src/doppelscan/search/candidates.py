"""In which poses may pairs still be among the best, and what do they score there? Turned only where needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64, Shaped

from doppelscan.search.exact import Sums, exact_correlations
from doppelscan.search.plan import Held, Plan
from doppelscan.search.symmetry import Symmetry, slices

__all__ = ["Candidates", "in_best_pose", "in_poses_that_reach", "scores_of", "turned_once"]

_IN_CACHE = 2**22  # bytes of vectors of pairs at once

Pairs = tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]]


@dataclass(frozen=True)
class Candidates:
    """Pairs of a query and a reference of two blocks, each with a pose of the query."""

    rows: Int64[np.ndarray, "p"]
    columns: Int64[np.ndarray, "p"]
    poses: Int64[np.ndarray, "p"]

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, which: Bool[np.ndarray, "p"]) -> Candidates:
        """Those that are marked."""
        return Candidates(self.rows[which], self.columns[which], self.poses[which])

    def without(self, others: Candidates) -> Candidates:
        """Those that are not among others."""
        if not len(self) or not len(others):
            return self
        shape = [1 + max(of.max(), known.max()) for of, known in zip(self._key, others._key, strict=True)]
        mine, theirs = (np.ravel_multi_index(of._key, shape) for of in (self, others))
        return self.where(~np.isin(mine, theirs))

    @property
    def _key(self) -> tuple[Int64[np.ndarray, "p"], ...]:
        return self.rows, self.columns, self.poses


def in_poses_that_reach(
    least: Float64[np.ndarray, "m"], block: Held, others: Held, pairs: Pairs, plan: Plan
) -> Candidates:
    """The pairs in each pose in which the product of their vectors is at least what their row asks for."""
    rows, columns = pairs
    if plan.symmetry.trivial:
        return Candidates(rows, columns, np.zeros_like(rows))
    found = [(np.empty(0, dtype=np.int64),) * 2]
    for part in _parts(pairs, plan):
        products = _products_of_each_pose(block, others, (rows[part], columns[part]), plan)
        of_pair, pose = np.nonzero(products >= least[rows[part], None])
        found.append((part.start + of_pair, pose))
    of_pairs, poses = (np.concatenate(of) for of in zip(*found, strict=True))
    return Candidates(rows[of_pairs], columns[of_pairs], poses)


def in_best_pose(block: Held, others: Held, pairs: Pairs, plan: Plan) -> Candidates:
    """The pairs in the pose in which the product of their vectors is largest."""
    rows, columns = pairs
    poses = np.zeros_like(rows)
    if not plan.symmetry.trivial:
        for part in _parts(pairs, plan):
            products = _products_of_each_pose(block, others, (rows[part], columns[part]), plan)
            poses[part] = products.argmax(axis=1)
    return Candidates(rows, columns, poses)


def scores_of(
    candidates: Candidates,
    first: Shaped[np.ndarray, "m *shape"],
    second: Shaped[np.ndarray, "n *shape"],
    plan: Plan,
    sums: tuple[Sums, Sums] | None = None,
) -> Float64[np.ndarray, "p"]:
    """The exact correlation of each pair, in its pose; `sums` are those of the images where they are known."""
    if plan.symmetry.trivial:
        pairs = candidates.rows, candidates.columns
        return exact_correlations(first, second, pairs, memory=plan.scratch, known=sums)
    scores = np.empty(len(candidates))
    size = max(1, plan.scratch // max(1, plan.d * plan.itemsize))
    for which, turned, place in turned_once(first, candidates, plan.symmetry, size):
        pairs = place, candidates.columns[which]
        known = _of_turned(sums, candidates.rows[which], place)
        scores[which] = exact_correlations(turned, second, pairs, memory=plan.scratch, known=known)
    return scores


def _of_turned(
    sums: tuple[Sums, Sums] | None, rows: Int64[np.ndarray, "q"], place: Int64[np.ndarray, "q"]
) -> tuple[Sums, Sums] | None:
    """The sums with those of the turned queries, who are these rows, in the first place: turning changes none."""
    return sums and (sums[0].take(rows[np.unique(place, return_index=True)[1]]), sums[1])


def turned_once(
    images: Shaped[np.ndarray, "m *shape"], candidates: Candidates, symmetry: Symmetry, size: int
) -> Iterator[tuple[Int64[np.ndarray, "q"], Shaped[np.ndarray, "t *shape"], Int64[np.ndarray, "q"]]]:
    """Some of the candidates, their queries turned, `size` at most, each once, and whose is where."""
    key, place = np.unique(candidates.rows * len(symmetry.poses) + candidates.poses, return_inverse=True)
    order = np.argsort(place, kind="stable")
    for start in range(0, len(key), size):
        turned = symmetry.turned(images, *np.divmod(key[start : start + size], len(symmetry.poses)))
        ends = np.searchsorted(place[order], (start, start + size))
        which = order[slice(*ends)]
        yield which, turned, place[which] - start


def _products_of_each_pose(
    block: Held, others: Held, pairs: Pairs, plan: Plan
) -> Float64[np.ndarray, "p poses"]:
    """The products of the vectors as stored: in float64, whose rounding is nothing beside theirs.

    Not by BLAS, whose threads would start and meet for each few pairs.
    """
    rows, columns = (torch.from_numpy(of).to(others.vectors.device) for of in pairs)
    known = others.vectors[columns].cpu().numpy()
    by_pose = []
    for view in block.views:
        asked = view[rows].cpu().numpy()
        by_part = [np.einsum("pd,pd->p", asked[:, s], known[:, s], dtype=float) for s in slices(plan.widths)]
        by_pose.append(np.einsum("cp,cf->pf", by_part, plan.symmetry.signs))
    return np.concatenate(by_pose, axis=1)


def _parts(pairs: Pairs, plan: Plan) -> Iterator[slice]:
    size = max(1, min(plan.scratch, _IN_CACHE) // (8 * max(1, sum(plan.widths))))
    return (slice(start, start + size) for start in range(0, len(pairs[0]), size))
