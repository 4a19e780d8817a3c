"""Which references of a block may be most like each query? Those that no band rules out.

The method, for one block of queries and one of references:

1. one small product bounds every correlation from above (`bands`);
2. the references with the largest bounds are scored exactly: most likely the best is among them;
3. of the others, those whose bound reaches the k-th best score so far are bounded again by their block
   averages, and scored exactly if they still reach it.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Int64

from doppelscan.search.bands import Grid, averages_error, coarse_error
from doppelscan.search.bounds import rough_correlations
from doppelscan.search.exact import exact_correlations
from doppelscan.search.neighbours import Neighbours, merged
from doppelscan.search.plan import Held, Plan

__all__ = ["COST_OF_A_PAIR", "improved_by_bands", "reaching"]

COST_OF_A_PAIR = 6
"""A multiplication for one pair alone costs as much as so many in a matrix product."""

_AHEAD = 3  # references scored at once, beyond the k that are sought

Pairs = tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]]


def improved_by_bands(
    found: Neighbours, block: Held, others: Held, left_out: Bool[torch.Tensor, "m n"], plan: Plan
) -> Neighbours | None:
    """What `found` becomes with the references of one more block; None where brute force costs less."""
    bounds = rough_correlations(block.vectors, others.vectors).masked_fill_(left_out, -torch.inf)
    rows, columns = _most_promising(bounds, found.scores.shape[1] + _AHEAD)
    scores = exact_correlations(block.pixels, others.pixels, (rows, columns), memory=plan.scratch)
    found = merged(found, rows, others.start + columns, scores)
    bounds[torch.from_numpy(rows), torch.from_numpy(columns)] = -torch.inf
    survivors = reaching(found.least, bounds, block, others, plan)
    if survivors is None:
        return None
    scores = exact_correlations(block.pixels, others.pixels, survivors, memory=plan.scratch)
    return merged(found, survivors[0], others.start + survivors[1], scores)


def reaching(
    least: Float64[np.ndarray, "m"],
    bounds: Float32[torch.Tensor, "m n"],
    block: Held,
    others: Held,
    plan: Plan,
) -> Pairs | None:
    """The pairs whose bounds allow a correlation of `least` in their row; None if brute force costs less."""
    assert block.grid is not None
    assert others.grid is not None
    brute_force = bounds.numel() * plan.d
    asked = torch.from_numpy(np.maximum(least, -2.0) - coarse_error(block.vectors)).float()
    worth = bounds >= asked.to(bounds.device)[:, None]
    if int(worth.sum()) * block.grid.values.shape[1] * COST_OF_A_PAIR > brute_force:
        return None
    rows, columns = (where.cpu().numpy() for where in worth.nonzero(as_tuple=True))
    still = _finer_bounds(block.grid, others.grid, (rows, columns)) >= least[rows]
    if int(still.sum()) * plan.d * COST_OF_A_PAIR > brute_force:
        return None
    return rows[still], columns[still]


def _most_promising(bounds: Float32[torch.Tensor, "m n"], n: int) -> Pairs:
    values, columns = bounds.topk(min(n, bounds.shape[1]), dim=1)
    rows, ranks = torch.isfinite(values).nonzero(as_tuple=True)
    return rows.cpu().numpy(), columns[rows, ranks].cpu().numpy()


def _finer_bounds(first: Grid, second: Grid, pairs: Pairs) -> Float64[np.ndarray, "p"]:
    from doppelscan.search.kernels import grid_products

    rows, columns = pairs
    products = grid_products(first.values, second.values, pairs).astype(np.float64)
    rests = first.rest[rows].astype(np.float64) * second.rest[columns]
    return np.asarray(products + rests + averages_error(first.values))
