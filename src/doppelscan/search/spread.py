"""How is a search spread over a cluster? References stay in parts, each on a worker; queries tour them with their best.

A block of queries visits every part, and takes along the best references found so far. What a part must reach is
then known before a pixel of it is looked at: later parts rule out more by their bounds. All workers have a block from
the first moment, each another one. What is found is what one process finds, since a pair's score depends on that pair
alone and the merge has one order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Int64

from doppelscan.search.blocks import Blocks, part_of
from doppelscan.search.choosing import WORTH_A_LOOK, bands_for
from doppelscan.search.improving import improved
from doppelscan.search.kept import Kept, Passes
from doppelscan.search.neighbours import Groups, Neighbours, joined, nobody
from doppelscan.search.plan import Plan
from doppelscan.settings import cores
from doppelscan.workers import Needs, Stations, elsewhere, gpus_elsewhere, stationed

__all__ = ["nearest_in_parts", "worth_spreading"]

_LEAST = 256  # references a worker
_QUERIES = (64, 2048)  # the least and the most that tour together


def worth_spreading(m: int, n: int, plan: Plan) -> bool:
    """Whether so many queries and references are worth more than this process."""
    return elsewhere() > 0 and n >= _LEAST and float(m) * n * plan.d >= WORTH_A_LOOK


def nearest_in_parts(
    queries: Blocks,
    references: Blocks,
    k: int,
    *,
    exclude: Groups | None,
    plan: Plan,
    progress: Callable[[int], None] | None,
) -> Neighbours:
    """What `nearest` finds. Each worker has the share of memory that a core of this machine has."""
    kept = references if isinstance(references, Kept) else Kept(references)
    spread = _spread(queries, kept, exclude, plan)
    theirs = [None if exclude is None else exclude[1][part] for part in spread.parts]
    best = []
    for found in spread.stations.toured(
        _improved_here, _blocks(queries, k, exclude, len(spread.parts)), beside=theirs
    ):
        best.append(found)
        if progress:
            progress(len(found.indices) * len(references))
    return joined(best)


@dataclass(frozen=True, eq=False)
class _Spread:
    """Where references are, by part, and the plan by which each part is searched."""

    plan: Plan
    parts: list[slice]
    stations: Stations


@dataclass(frozen=True, eq=False)
class _Part:
    """Some of the references: how they are read, and the number of the first."""

    images: Blocks
    first: int
    plan: Plan


@dataclass(frozen=True, eq=False)
class _Held:
    """A part as its worker has it."""

    part: _Part
    passes: Passes


@dataclass(frozen=True, eq=False)
class _Asked:
    """Some of the queries, with their groups."""

    images: Blocks
    groups: Int64[np.ndarray, " m"] | None
    k: int


def _spread(queries: Blocks, kept: Kept, exclude: Groups | None, plan: Plan) -> _Spread:
    """The parts as they lie already, or anew where there are none yet, or bands pay for the first time."""
    known = kept.spread.get(plan.symmetries)
    if isinstance(known, _Spread) and known.plan.bands:
        return known
    bands = bands_for(queries, kept.references, exclude, plan)
    if isinstance(known, _Spread) and not bands:
        return known
    share = replace(plan, memory=plan.memory // cores(), bands=bands)
    needs = Needs(gpu=plan.device.type == "cuda")
    most = max(1, gpus_elsewhere()) if needs.gpu else elsewhere()
    ends = np.linspace(0, len(kept), 1 + min(most, len(kept) // _LEAST)).astype(int).tolist()
    parts = [slice(*ends) for ends in pairwise(ends)]
    made = [_Part(part_of(kept, part.start, part.stop), part.start, share) for part in parts]
    stations = stationed(_hold, made, needs=needs)
    kept.spread[plan.symmetries] = _Spread(share, parts, stations)
    return _Spread(share, parts, stations)


def _blocks(queries: Blocks, k: int, exclude: Groups | None, n_parts: int) -> Iterator[_Asked]:
    """The queries, so many together that each part has some at any time."""
    least, most = _QUERIES
    size = min(max(len(queries) // (2 * n_parts), least), most)
    for start in range(0, len(queries), size):
        stop = min(start + size, len(queries))
        groups = None if exclude is None else exclude[0][start:stop]
        yield _Asked(part_of(queries, start, stop), groups, k)


def _hold(part: _Part) -> _Held:
    return _Held(part, part.plan.again(part.images))


def _improved_here(
    held: _Held, theirs: Int64[np.ndarray, " n"] | None, asked: _Asked, found: Neighbours | None
) -> Neighbours:
    """What the best so far become with the references of one part, whose groups are `theirs`."""
    first, plan = held.part.first, held.part.plan
    exclude = None if asked.groups is None or theirs is None else (asked.groups, theirs)
    known = (found or nobody(len(asked.images), asked.k)).counted_from(first)
    best = []
    for block in plan.queries(asked.images):
        ours = known.rows(block.span)
        for others in held.passes(0):
            ours = improved(ours, block, others, exclude, plan)
        best.append(ours)
    return joined(best).counted_from(-first)
