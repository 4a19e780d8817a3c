"""Which references are most like each query? Exactly, in bounded memory.

Where a sample of both sides says that it pays (`choosing`), references are ruled out by bounds from a few
numbers an image (`banded`). Otherwise, for one block of queries and one of references after the other:

1. a float32 matrix product gives every correlation to within a proven error e (`bounds`);
2. the k-th best correlation of a query is at least what k references are sure to reach, and so a
   reference whose rough correlation is more than e below that cannot be among the k best;
3. all others are scored exactly from the pixels (`exact`) and merged into the best so far.

Nothing is approximate in what is left: neighbours and scores are those of a float64 search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float32, Float64, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.search.banded import improved_by_bands
from doppelscan.search.blocks import Blocks, as_blocks
from doppelscan.search.candidates import in_poses_that_reach, scores_of
from doppelscan.search.kept import asked, prepared
from doppelscan.search.neighbours import Groups, Neighbours, joined, merged, nobody
from doppelscan.search.plan import Held, Plan
from doppelscan.search.poses import Symmetries
from doppelscan.search.sieve import leave_out, reached
from doppelscan.search.symmetry import largest_correlations
from doppelscan.settings import Resources

__all__ = ["Groups", "Neighbours", "nearest"]


def nearest(
    queries: Blocks | Shaped[np.ndarray, "m c *space"],
    references: Blocks | Shaped[np.ndarray, "n c *space"],
    k: int = 1,
    *,
    exclude: Groups | None = None,
    symmetries: Symmetries = "none",
    resources: Resources | None = None,
    progress: Callable[[int], None] | None = None,
) -> Neighbours:
    """The k references that correlate most with each query; of equal ones the lower index first.

    The search is exact and scores are accurate to float64 (about 1e-12), in blocks that fit in
    `resources.memory`. A constant image has no correlation: it has no neighbours and is nobody's.

    Parameters
    ----------
    references
        Where several searches have the same ones, `Kept(references)` saves time.
    exclude
        Groups of the queries and of the references: pairs of one group are left out (an image and
        those of its own patient).
    symmetries
        Which poses of a query count: as it is; also "flips" of its axes; "flips and turns", which also
        exchange axes of one length (2D: 4 and 8 poses, 3D: 8 and up to 48). A reference's score is then
        the largest over these poses, which `poses` of the result name (`poses_of`).
    progress
        Told after each step how many more pairs have been compared, of `len(queries) * len(references)`.

    Raises
    ------
    InputError
        If shapes differ, pixels are not finite real numbers, k is below 1, or groups or symmetries do not fit.
    """
    queries, references = as_blocks(queries), as_blocks(references)
    _refuse_misfits(len(queries), len(references), k, exclude)
    if not len(queries) or not len(references):
        return nobody(len(queries), k)
    plan = Plan.of(resources, queries, references, symmetries=symmetries)
    plan, passes = prepared(queries, references, exclude, plan)
    best = []
    for block in asked(queries, references, plan, passes):
        found = nobody(len(block), k)
        for others in passes(0):
            found = _improved(found, block, others, exclude, plan)
            if progress:
                progress(len(block) * len(others))
        best.append(found)
    return joined(best)


def _refuse_misfits(m: int, n: int, k: int, exclude: Groups | None) -> None:
    problems = []
    if k < 1:
        problems.append(Problem(f"k is {k}", cure="ask for at least 1 neighbour"))
    if exclude and (len(exclude[0]), len(exclude[1])) != (m, n):
        what = f"groups of {len(exclude[0])} and {len(exclude[1])} images, but there are {m} and {n}"
        problems.append(Problem(what, where="exclude", cure="give one group for each image"))
    if problems:
        raise InputError(problems)


def _improved(found: Neighbours, block: Held, others: Held, exclude: Groups | None, plan: Plan) -> Neighbours:
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
        best = Neighbours(found.indices[rows], found.scores[rows], found.poses[rows])
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
