"""Which references are most like each query? Exactly, in bounded memory.

Where a sample of both sides says that it pays (`choosing`), references are ruled out by bounds from a few
numbers an image (`banded`). Otherwise, for one block of queries and one of references after the other:

1. a float32 matrix product gives every correlation to within a proven error e (`bounds`);
2. the k-th best correlation of a query is at least what k references are sure to reach, and so a
   reference whose rough correlation is more than e below that cannot be among the k best;
3. all others are scored exactly from the pixels (`exact`) and merged into the best so far.

Where a cluster takes work, references stay in parts on its machines, and queries go round (`spread`).
Nothing is approximate in what is left: neighbours and scores are those of a float64 search.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Shaped

from doppelscan.errors import InputError
from doppelscan.search.blocks import Blocks, as_blocks
from doppelscan.search.improving import improved
from doppelscan.search.kept import asked, prepared
from doppelscan.search.neighbours import Groups, Neighbours, joined, misfits, nobody
from doppelscan.search.plan import Plan
from doppelscan.search.poses import Symmetries
from doppelscan.search.spread import nearest_in_parts, worth_spreading
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
    if problems := misfits(len(queries), len(references), k, exclude):
        raise InputError(problems)
    if not len(queries) or not len(references):
        return nobody(len(queries), k)
    plan = Plan.of(resources, queries, references, symmetries=symmetries)
    if worth_spreading(len(queries), len(references), plan):
        return nearest_in_parts(queries, references, k, exclude=exclude, plan=plan, progress=progress)
    plan, passes = prepared(queries, references, exclude, plan)
    best = []
    for block in asked(queries, references, plan, passes):
        found = nobody(len(block), k)
        for others in passes(0):
            found = improved(found, block, others, exclude, plan)
            if progress:
                progress(len(block) * len(others))
        best.append(found)
    return joined(best)
