"""How far are two sets apart by a kernel? KID: the squared maximum mean discrepancy of a cubic polynomial, unbiased."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from doppelscan.seeds import stream

__all__ = ["kernel_distance", "kernel_distance_in_blocks"]

_NUMBERS = 2**21  # float64 values of a block of the kernel: 16 MB


def kernel_distance(
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, "m d"],
    groups: tuple[Integer[np.ndarray, " n"], Integer[np.ndarray, " m"]] | None = None,
) -> float:
    """Mean k(x, x') + mean k(y, y') - 2 mean k(x, y), with k(a, b) = (a·b / d + 1)³ (Bińkowski et al. 2018).

    Means within a set are over pairs of different `groups` (patients), so that several images of one patient do not
    pull it up; without groups, over pairs of different images, as published. It is unbiased: where both sets are
    draws of one law it is 0 in the mean, and may be below. NaN where a set shows fewer than two groups.
    """
    across = _mean(x, y, None)
    own = groups or (np.arange(len(x)), np.arange(len(y)))
    return _mean(x, x, own[0]) + _mean(y, y, own[1]) - 2 * across


def kernel_distance_in_blocks(
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, "m d"],
    *,
    size: int = 1000,
    n_blocks: int = 100,
    seed: int = 0,
) -> tuple[float, float]:
    """Mean and standard deviation over random blocks of `size` images of each set, as most published values are.

    The deviation is that of a block, no standard error: blocks overlap. `kernel_distance` uses all pairs.
    """
    size = min(size, len(x), len(y))
    found = []
    for block in range(n_blocks):
        generator = stream(seed, "kernel distance", block)
        few, others = (of[generator.permutation(len(of))[:size]] for of in (x, y))
        found.append(kernel_distance(few, others))
    return float(np.mean(found)), float(np.std(found))


def _mean(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], group: Integer[np.ndarray, " n"] | None
) -> float:
    """The mean of the kernel over all pairs, or over those of different groups where both sets are one."""
    y = y.astype(np.float64, copy=False)
    total, n_pairs = 0.0, 0
    size = max(1, _NUMBERS // max(len(y), 1))
    for start in range(0, len(x), size):
        part = slice(start, start + size)
        kernel = x[part].astype(np.float64, copy=False) @ y.T
        kernel /= x.shape[1]
        kernel += 1
        np.power(kernel, 3, out=kernel)
        counted = np.ones(kernel.shape, dtype=bool) if group is None else group[part, None] != group
        total += float(kernel[counted].sum())
        n_pairs += int(counted.sum())
    return total / n_pairs if n_pairs else float("nan")
