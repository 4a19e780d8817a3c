"""Which references are most like each query? Exactly, in bounded memory.

The method, for one block of queries and one block of references after the other:

1. a float32 matrix product gives every correlation to within a proven error e (`bounds`);
2. the k-th best correlation of a query is at least what k references are sure to reach, and so a
   reference whose rough correlation is more than e below that cannot be among the k best;
3. all others are scored in float64 from the pixels (`exact`) and merged into the best so far.

Nothing is approximate in what is left: neighbours and scores are those of a float64 search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.search.blocks import Blocks, as_blocks
from doppelscan.search.bounds import product_error, rough_correlations
from doppelscan.search.exact import exact_correlations
from doppelscan.search.plan import Held, Plan
from doppelscan.settings import Resources

__all__ = ["Groups", "Neighbours", "nearest"]

Groups = tuple[Int64[np.ndarray, "m"], Int64[np.ndarray, "n"]]


@dataclass(frozen=True)
class Neighbours:
    """The k references most like each query, best first.

    `indices` count among the references, -1 where there is none; `scores` are Pearson correlations, NaN
    where there is none: for a constant query, or where fewer than k references are left.
    """

    indices: Int64[np.ndarray, "m k"]
    scores: Float64[np.ndarray, "m k"]


def nearest(
    queries: Blocks | Shaped[np.ndarray, "m c *space"],
    references: Blocks | Shaped[np.ndarray, "n c *space"],
    k: int = 1,
    *,
    exclude: Groups | None = None,
    resources: Resources | None = None,
    progress: Callable[[int], None] | None = None,
) -> Neighbours:
    """The k references that correlate most with each query; of equal ones the lower index first.

    The search is exact and scores are accurate to float64 (about 1e-12), in blocks that fit in
    `resources.memory`. A constant image has no correlation: it has no neighbours and is nobody's.

    Parameters
    ----------
    exclude
        Groups of the queries and of the references: pairs of one group are left out (an image and
        those of its own patient).
    progress
        Told after each step how many more pairs have been compared, of `len(queries) * len(references)`.

    Raises
    ------
    InputError
        If shapes differ, pixels are not finite real numbers, k is below 1, or groups do not fit.
    """
    queries, references = as_blocks(queries), as_blocks(references)
    _refuse_misfits(len(queries), len(references), k, exclude)
    if not len(queries) or not len(references):
        return _nobody(len(queries), k)
    plan = Plan.of(resources, queries, references)
    passes = plan.again(references)
    best = []
    for block in plan.held(queries):
        found = _nobody(len(block), k)
        for others in passes(0):
            found = _improved(found, block, others, exclude, plan)
            if progress:
                progress(len(block) * len(others))
        best.append(found)
    return Neighbours(np.concatenate([b.indices for b in best]), np.concatenate([b.scores for b in best]))


def _refuse_misfits(m: int, n: int, k: int, exclude: Groups | None) -> None:
    problems = []
    if k < 1:
        problems.append(Problem(f"k is {k}", cure="ask for at least 1 neighbour"))
    if exclude and (len(exclude[0]), len(exclude[1])) != (m, n):
        what = f"groups of {len(exclude[0])} and {len(exclude[1])} images, but there are {m} and {n}"
        problems.append(Problem(what, where="exclude", cure="give one group for each image"))
    if problems:
        raise InputError(problems)


def _nobody(m: int, k: int) -> Neighbours:
    return Neighbours(np.full((m, k), -1, dtype=np.int64), np.full((m, k), np.nan))


def _improved(found: Neighbours, block: Held, others: Held, exclude: Groups | None, plan: Plan) -> Neighbours:
    """What `found` becomes with the references of one more block."""
    rough = rough_correlations(block.vectors, others.vectors)
    rough.masked_fill_(block.constant[:, None] | others.constant, -torch.inf)
    if exclude:
        same = exclude[0][block.span, None] == exclude[1][others.span]
        rough.masked_fill_(torch.from_numpy(same).to(plan.device), -torch.inf)
    rows, columns = _contenders(rough, found, product_error(plan.d, plan.device))
    scores = exact_correlations(block.pixels, others.pixels, (rows, columns), memory=plan.scratch)
    return _merged(found, rows, others.start + columns, scores)


def _contenders(
    rough: Float32[torch.Tensor, "m n"], found: Neighbours, error: float
) -> tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]]:
    """The pairs that may be among the k best: none that is left out can be."""
    k = found.scores.shape[1]
    sure = torch.from_numpy(np.nan_to_num(found.scores[:, -1], nan=-np.inf)).to(rough.device)
    if k <= rough.shape[1]:
        sure = sure.maximum(rough.topk(k, dim=1).values[:, -1].double() - error)
    least = (sure - error).clamp(min=-2.0)  # any correlation is above -2; what is masked is not
    rows, columns = (rough >= least.float()[:, None]).nonzero(as_tuple=True)
    return rows.cpu().numpy(), columns.cpu().numpy()


def _merged(
    found: Neighbours,
    rows: Int64[np.ndarray, "p"],
    indices: Int64[np.ndarray, "p"],
    scores: Float64[np.ndarray, "p"],
) -> Neighbours:
    """The k best of those found and of new ones for some rows."""
    m, k = found.indices.shape
    rows = np.concatenate([np.repeat(np.arange(m), k), rows])
    indices = np.concatenate([found.indices.ravel(), indices])
    scores = np.concatenate([found.scores.ravel(), scores])
    order = np.lexsort((indices, -scores, rows))  # NaN, which is nobody, comes last
    begins = np.searchsorted(rows[order], np.arange(m))
    best = order[begins[:, None] + np.arange(k)]
    return Neighbours(indices[best], scores[best])
