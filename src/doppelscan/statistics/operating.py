"""How much is found where hardly anything may be found in error? With the threshold's own uncertainty, exactly."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Integer

from doppelscan.estimates import Estimate
from doppelscan.statistics.intervals import clustered

__all__ = ["least_negatives", "true_positives_at"]

Scores = Float[np.ndarray, " n"]


def least_negatives(false_positives: float) -> int:
    """Without so many negatives nothing can be said of so few false positives: one must be allowed.

    Examples
    --------
    >>> least_negatives(0.001)
    1000
    """
    return math.ceil(1 / false_positives - 1e-9)


def true_positives_at(
    score: Scores,
    positive: Bool[np.ndarray, " n"],
    patient: Integer[np.ndarray, " n"],
    false_positives: float,
    level: float = 0.95,
) -> Estimate:
    """The share of the positives above the score that this share of the negatives is above.

    Two chances are in the interval: that of the positives, clustered by patient (`clustered`), and that of the
    threshold. The latter lies wherever the interval of the share of negatives above it holds `false_positives`; where
    even the largest negative is not surely rare enough, it may be beyond all, and the lower limit is 0. For the
    distances from the value the larger squares add up (MOVER: Zou and Donner 2008). An undefined score (NaN) is
    the lowest. Unknown with fewer than `least_negatives` negatives, or without positives.
    """
    score = np.where(np.isnan(score), -np.inf, score)
    negatives, own = score[~positive], patient[~positive]
    if negatives.size < least_negatives(false_positives) or not positive.any():
        return Estimate.unknown()
    found = clustered(score[positive] > _threshold(negatives, false_positives), patient[positive], level)
    low, high = (
        float(np.mean(score[positive] > threshold))
        for threshold in reversed(_limits(negatives, own, false_positives, level))
    )
    below = math.hypot(found.value - found.low, max(found.value - low, 0.0))
    above = math.hypot(found.high - found.value, max(high - found.value, 0.0))
    return Estimate(found.value, max(found.value - below, 0.0), min(found.value + above, 1.0), found.n)


def _threshold(negatives: Scores, false_positives: float) -> float:
    """The lowest negative that at most this share is above."""
    allowed = math.floor(negatives.size * false_positives + 1e-9)
    return float(np.sort(negatives)[::-1][min(allowed, negatives.size - 1)])


def _limits(
    negatives: Scores, patient: Integer[np.ndarray, " n"], false_positives: float, level: float
) -> tuple[float, float]:
    """The lowest and the highest score that may be the threshold, found by halving: what is above falls with it."""
    candidates = np.concatenate([[-np.inf], np.unique(negatives)])

    def share(position: int) -> Estimate:
        return clustered(negatives > candidates[position], patient, level)

    lowest = _first(len(candidates), lambda i: share(i).low <= false_positives)
    highest = _first(len(candidates), lambda i: share(i).high < false_positives)
    return (
        float(candidates[min(lowest, len(candidates) - 1)]),
        float(candidates[highest]) if highest < len(candidates) else math.inf,
    )


def _first(n: int, holds: Callable[[int], bool]) -> int:
    """The first of n positions from which on something holds; n if there is none."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
