"""Which references of a block may be most like each query? Those that no band rules out.

The method, for one block of queries and one of references:

1. one small product bounds every correlation from above (`bands`);
2. the references with the largest bounds are scored exactly, those left out whom their block averages rule out: most
   likely the best is among them;
3. of the others, those whose bound reaches the k-th best score so far are bounded again by their block
   averages, and scored exactly if they still reach it.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float32, Float64

from doppelscan.search.bands import averages_error
from doppelscan.search.candidates import Candidates, in_best_pose, in_poses_that_reach, scores_of, turned_once
from doppelscan.search.exact import Sums
from doppelscan.search.neighbours import Groups, Neighbours, merged
from doppelscan.search.plan import Held, Plan
from doppelscan.search.sieve import largest, leave_out, reached
from doppelscan.search.symmetry import largest_correlations

__all__ = ["COST_OF_A_PAIR", "improved_by_bands", "reaching"]

COST_OF_A_PAIR = 6
"""A multiplication for one pair alone costs as much as so many in a matrix product."""

_AHEAD = 3  # references scored at once, beyond the k that are sought


def improved_by_bands(
    found: Neighbours, block: Held, others: Held, exclude: Groups | None, plan: Plan
) -> Neighbours | None:
    """What `found` becomes with the references of one more block; None where brute force costs less."""
    bounds = largest_correlations(block.views, others.vectors, plan.widths)
    leave_out(bounds, block, others, exclude)
    promising = largest(bounds, found.scores.shape[1] + _AHEAD)
    first = in_best_pose(block, others, promising, plan)
    if np.isfinite(found.least).any():
        first = first.where(_finer_bounds(first, block, others, plan) >= found.least[first.rows])
    found = _with(found, first, block, others, plan)
    survivors = reaching(found.least, bounds, block, others, plan)
    return None if survivors is None else _with(found, survivors.without(first), block, others, plan)


def reaching(
    least: Float64[np.ndarray, "m"],
    bounds: Float32[torch.Tensor, "m n"],
    block: Held,
    others: Held,
    plan: Plan,
) -> Candidates | None:
    """The pairs, and poses, whose bounds reach `least` in their row; None if brute force costs less."""
    assert plan.bands is not None
    brute_force = bounds.numel() * plan.d * len(block.views)
    asked = np.maximum(least, -2.0) - plan.error
    most = brute_force // max(1, plan.bands.k * len(block.views) * COST_OF_A_PAIR)
    pairs = reached(bounds, asked.astype(np.float32), int(most))
    if pairs is None:
        return None
    candidates = in_poses_that_reach(asked, block, others, pairs, plan)
    if len(candidates) * plan.bands.basis.shape[1] * COST_OF_A_PAIR > brute_force:
        return None
    candidates = candidates.where(_finer_bounds(candidates, block, others, plan) >= least[candidates.rows])
    return candidates if len(candidates) * plan.d * COST_OF_A_PAIR <= brute_force else None


def _with(found: Neighbours, candidates: Candidates, block: Held, others: Held, plan: Plan) -> Neighbours:
    scores = scores_of(candidates, block.pixels, others.pixels, plan, _sums(block, others))
    return merged(found, candidates.rows, others.start + candidates.columns, scores, candidates.poses)


def _sums(block: Held, others: Held) -> tuple[Sums, Sums] | None:
    """Those of both blocks, where they are of integers."""
    assert block.grid is not None
    assert others.grid is not None
    return (
        None if block.grid.sums is None or others.grid.sums is None else (block.grid.sums, others.grid.sums)
    )


def _finer_bounds(candidates: Candidates, block: Held, others: Held, plan: Plan) -> Float64[np.ndarray, "p"]:
    from doppelscan.search.kernels import grid_products

    assert plan.bands is not None
    assert block.grid is not None
    assert others.grid is not None
    known = others.grid.values
    products = np.empty(len(candidates))
    if plan.symmetry.trivial:
        products[:] = grid_products(block.grid.values, known, (candidates.rows, candidates.columns))
    else:
        size = max(1, plan.scratch // (4 * known.shape[1]))
        for which, turned, place in turned_once(block.grid.values, candidates, plan.bands.symmetry, size):
            products[which] = grid_products(turned, known, (place, candidates.columns[which]))
    rests = block.grid.rest[candidates.rows].astype(np.float64) * others.grid.rest[candidates.columns]
    return np.asarray(products + rests + averages_error(known))
