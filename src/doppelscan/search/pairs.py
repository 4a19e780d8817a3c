"""Which pairs of images within one set correlate at least so much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.search.banded import reaching
from doppelscan.search.blocks import Blocks, as_blocks
from doppelscan.search.bounds import product_error, rough_correlations
from doppelscan.search.choosing import bands_for
from doppelscan.search.exact import exact_correlations
from doppelscan.search.plan import Held, Plan
from doppelscan.settings import Resources

__all__ = ["Pairs", "pairs_above"]


@dataclass(frozen=True)
class Pairs:
    """Pairs of images of one set, `first` < `second`, in that order, with their correlation."""

    first: Int64[np.ndarray, "p"]
    second: Int64[np.ndarray, "p"]
    scores: Float64[np.ndarray, "p"]


def pairs_above(
    images: Blocks | Shaped[np.ndarray, "n c *space"],
    threshold: float,
    *,
    among: Bool[np.ndarray, "n"] | None = None,
    resources: Resources | None = None,
    progress: Callable[[int], None] | None = None,
) -> Pairs:
    """All pairs of images whose Pearson correlation is at least `threshold`, a number up to 1.

    Exact, and in bounded memory, as `nearest`; constant images are in no pair. All pairs that qualify
    are held at once.

    Parameters
    ----------
    among
        Which images to look at; all by default.
    progress
        Told after each step how many more pairs have been compared, of `n * (n - 1) // 2`.

    Raises
    ------
    InputError
        If the threshold is above 1 or NaN, shapes differ, or pixels are not finite real numbers.
    """
    if not threshold <= 1:
        raise InputError(
            Problem(f"no correlation reaches {threshold}", where="threshold", cure="give a number up to 1")
        )
    images = as_blocks(images)
    among = np.ones(len(images), dtype=bool) if among is None else among
    found = []
    if len(images) > 1:
        plan = Plan.of(resources, images)
        plan = replace(plan, bands=bands_for(images, images, None, plan, least=threshold))
        passes = plan.again(images)
        for block in passes(0):
            for others in passes(block.start):
                found.append(_pairs_of(block, others, threshold, among, plan))
                if progress:
                    progress(_n_pairs(block, others))
    return _in_order(found)


def _pairs_of(block: Held, others: Held, threshold: float, among: Bool[np.ndarray, "n"], plan: Plan) -> Pairs:
    """The pairs above the threshold of two blocks, or of a block with itself."""
    if not plan.bands:
        return _by_product(block, others, threshold, among, plan)
    bounds = rough_correlations(block.vectors, others.vectors)
    bounds.masked_fill_(~_counted(block, others, among), -torch.inf)
    pairs = reaching(np.full(len(block), threshold), bounds, block, others, plan)
    if pairs is not None:
        return _scored(block, others, (pairs.rows, pairs.columns), threshold, plan)
    plain = replace(plan, bands=None)
    parts = ((a, b) for a in plain.parts(block) for b in plain.parts(others))
    return _in_order([_by_product(a, b, threshold, among, plain) for a, b in parts])


def _by_product(
    block: Held, others: Held, threshold: float, among: Bool[np.ndarray, "n"], plan: Plan
) -> Pairs:
    least = max(threshold - product_error(plan.d, plan.device), -2.0)
    worth = rough_correlations(block.vectors, others.vectors) >= least
    rows, columns = (worth & _counted(block, others, among)).nonzero(as_tuple=True)
    return _scored(block, others, (rows.cpu().numpy(), columns.cpu().numpy()), threshold, plan)


def _scored(
    block: Held,
    others: Held,
    pairs: tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]],
    threshold: float,
    plan: Plan,
) -> Pairs:
    rows, columns = pairs
    scores = exact_correlations(block.pixels, others.pixels, pairs, memory=plan.scratch)
    kept = scores >= threshold
    return Pairs(block.start + rows[kept], others.start + columns[kept], scores[kept])


def _counted(block: Held, others: Held, among: Bool[np.ndarray, "n"]) -> Bool[torch.Tensor, "a b"]:
    """Which pairs are asked about: each once, of images that are not constant."""
    first, second = (
        torch.arange(b.start, b.start + len(b), device=b.constant.device) for b in (block, others)
    )
    eligible = _eligible(block, among)[:, None] & _eligible(others, among)
    return eligible & (first[:, None] < second)


def _eligible(block: Held, among: Bool[np.ndarray, "n"]) -> Bool[torch.Tensor, "m"]:
    return torch.from_numpy(among[block.span]).to(block.constant.device) & ~block.constant


def _n_pairs(block: Held, others: Held) -> int:
    n = len(block)
    return n * (n - 1) // 2 if block.start == others.start else n * len(others)


def _in_order(found: list[Pairs]) -> Pairs:
    none = Pairs(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))
    first, second, scores = (
        np.concatenate([getattr(p, of) for p in (none, *found)]) for of in ("first", "second", "scores")
    )
    order = np.lexsort((second, first))
    return Pairs(first[order], second[order], scores[order])
