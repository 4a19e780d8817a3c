"""What do the best references so far become with one more block? By bounds, or by the plain product."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float32, Float64

from doppelscan.search.banded import improved_by_bands
from doppelscan.search.candidates import in_poses_that_reach, scores_of
from doppelscan.search.neighbours import Groups, Neighbours, joined, merged
from doppelscan.search.plan import Held, Plan
from doppelscan.search.sieve import leave_out, reached
from doppelscan.search.symmetry import largest_correlations

__all__ = ["improved"]


def improved(found: Neighbours, block: Held, others: Held, exclude: Groups | None, plan: Plan) -> Neighbours:
    """What `found` becomes with the references of one more block."""
    if not plan.bands:
        return _by_product(found, block, others, exclude, plan)
    improved = improved_by_bands(found, block, others, exclude, plan)
    return improved or _by_product_in_parts(found, block, others, exclude, replace(plan, bands=None))


def _by_product(
    found: Neighbours, block: Held, others: Held, exclude: Groups | None, plan: Plan
) -> Neighbours:
    rough = largest_correlations(block.views, others.vectors, plan.widths)
    leave_out(rough, block, others, exclude)
    least = _least_of_contenders(rough, found, plan.error)
    pairs = reached(rough, least.astype(np.float32))
    assert pairs is not None, "there is no limit to their number"
    contenders = in_poses_that_reach(least, block, others, pairs, plan)
    scores = scores_of(contenders, block.pixels, others.pixels, plan)
    return merged(found, contenders.rows, others.start + contenders.columns, scores, contenders.poses)


def _by_product_in_parts(
    found: Neighbours, block: Held, others: Held, exclude: Groups | None, plan: Plan
) -> Neighbours:
    """By the plain product, which needs more memory an image: fewer at once."""
    improved = []
    for queries in plan.parts(block):
        rows = slice(queries.start - block.start, queries.start - block.start + len(queries))
        best = found.rows(rows)
        for references in plan.parts(others):
            best = _by_product(best, queries, references, exclude, plan)
        improved.append(best)
    return joined(improved)


def _least_of_contenders(
    rough: Float32[torch.Tensor, "m n"], found: Neighbours, error: float
) -> Float64[np.ndarray, "m"]:
    """What the rough correlation of a pair that may be among the k best is at least: none that is left out is."""
    k = found.scores.shape[1]
    sure = torch.from_numpy(found.least).to(rough.device)
    if k <= rough.shape[1]:
        sure = sure.maximum(rough.topk(k, dim=1).values[:, -1].double() - error)
    least = (sure - error).clamp(min=-2.0)  # any correlation is above -2; what is masked is not
    return np.asarray(least.cpu().numpy())
