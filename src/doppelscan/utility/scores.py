"""How well did a classifier do? Each measure for many weightings of the images at once, as resampled patients need."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from doppelscan.utility.settings import OUTCOMES

__all__ = ["scored"]

_BINS = 15
_TOP = 3

Weights = Float64[np.ndarray, "b n"]
PerDraw = Float64[np.ndarray, " b"]


def scored(
    told: Float[np.ndarray, "n k"],
    truth: Int64[np.ndarray, " n"],
    weights: Weights,
    measures: Sequence[str] = OUTCOMES,
) -> dict[str, PerDraw]:
    """Each of `measures` by its name, for each row of `weights` over the images; NaN where nothing can be said.

    `accuracy`, `top3_accuracy` (NaN where there are no more than three classes), `balanced_accuracy` (the mean
    over classes of the share told right), `auroc` and `auprc` (the mean over classes of each against the rest; ties
    count one half) and `calibration_error` (expected, in 15 equal bins of the largest probability).
    """
    own = told[np.arange(len(truth)), truth]
    earlier = (
        np.arange(told.shape[1]) < truth[:, None]
    )  # of equal ones, the class of the lower number is named first
    before = ((told > own[:, None]) | ((told == own[:, None]) & earlier)).sum(axis=1)
    right = before == 0
    n_classes = told.shape[1]
    is_class = truth[:, None] == np.arange(n_classes)
    rest = [(told[:, k], is_class[:, k]) for k in range(n_classes)]
    nothing = np.full(len(weights), np.nan)
    how: dict[str, Callable[[], PerDraw]] = {
        "accuracy": lambda: _share(weights, right),
        "top3_accuracy": lambda: _share(weights, before < _TOP) if n_classes > _TOP else nothing,
        "balanced_accuracy": lambda: _mean([_share(weights[:, of], right[of]) for of in is_class.T]),
        "auroc": lambda: _mean([_auroc(score, positive, weights) for score, positive in rest]),
        "auprc": lambda: _mean([_auprc(score, positive, weights) for score, positive in rest]),
        "calibration_error": lambda: _calibration_error(told.max(axis=1), right, weights),
    }
    return {name: how[name]() for name in measures}


def _share(weights: Weights, hits: Bool[np.ndarray, " n"]) -> PerDraw:
    total = weights.sum(axis=1)
    return np.asarray(weights @ hits.astype(np.float64) / np.where(total > 0, total, np.nan))


def _mean(parts: list[PerDraw]) -> PerDraw:
    """The mean over classes, those left out of which nothing can be said."""
    stacked = np.stack(parts)
    n = np.isfinite(stacked).sum(axis=0)
    return np.asarray(np.nansum(stacked, axis=0) / np.where(n > 0, n, np.nan))


def _steps(
    score: Float[np.ndarray, " n"], positive: Bool[np.ndarray, " n"], weights: Weights
) -> tuple[Float64[np.ndarray, "b u"], Float64[np.ndarray, "b u"]]:
    """Weight of positives and of negatives at each distinct score, the highest first."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    mine, is_positive = weights[:, order], positive[order]
    return (
        np.add.reduceat(mine * is_positive, starts, axis=1),
        np.add.reduceat(mine * ~is_positive, starts, axis=1),
    )


def _auroc(score: Float[np.ndarray, " n"], positive: Bool[np.ndarray, " n"], weights: Weights) -> PerDraw:
    """The chance that a positive scores above a negative, ties by half."""
    for_it, against = _steps(score, positive, weights)
    below = against.sum(axis=1, keepdims=True) - np.cumsum(against, axis=1)
    pairs = for_it.sum(axis=1) * against.sum(axis=1)
    return np.asarray((for_it * (below + against / 2)).sum(axis=1) / np.where(pairs > 0, pairs, np.nan))


def _auprc(score: Float[np.ndarray, " n"], positive: Bool[np.ndarray, " n"], weights: Weights) -> PerDraw:
    """Average precision: the sum over scores of the recall gained times the precision there."""
    for_it, against = _steps(score, positive, weights)
    found = np.cumsum(for_it, axis=1)
    shown = found + np.cumsum(against, axis=1)
    total = for_it.sum(axis=1)
    gained = for_it * found / np.where(shown > 0, shown, 1)
    return np.asarray(gained.sum(axis=1) / np.where(total > 0, total, np.nan))


def _calibration_error(
    confidence: Float[np.ndarray, " n"], right: Bool[np.ndarray, " n"], weights: Weights
) -> PerDraw:
    place = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    off = confidence.astype(np.float64) - right
    gaps = sum(np.abs(weights[:, place == part] @ off[place == part]) for part in range(_BINS))
    total = weights.sum(axis=1)
    return np.asarray(gaps / np.where(total > 0, total, np.nan))
