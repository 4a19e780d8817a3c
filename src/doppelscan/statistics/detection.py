"""How well a score, or a verdict, tells copies from other images: by patient, each rate with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer
from scipy import special

from doppelscan.estimates import Estimate
from doppelscan.seeds import stream
from doppelscan.statistics.intervals import clustered, widened

__all__ = ["auc", "sensitivity_at", "sensitivity_specificity", "threshold_at"]

_EDGE = 1e-9  # from 0 and 1, where the variance vanishes and its root is no limit

Scores = Float[np.ndarray, " n"]
Copies = Bool[np.ndarray, " n"]
Patients = Integer[np.ndarray, " n"]


def sensitivity_specificity(flagged: Copies, copy: Copies, patient: Patients) -> tuple[Estimate, Estimate]:
    """The share of the copies that is flagged, and that of all others that is not."""
    return clustered(flagged[copy], patient[copy]), clustered(~flagged[~copy], patient[~copy])


def threshold_at(score: Scores, patient: Patients, false_alarms: float) -> float:
    """The lowest of the scores, none of a copy, that at most this share is above; each patient counts once.

    What is above it is to be flagged, what equals it is not. Of fewer than 1 / `false_alarms` patients it is
    the largest score. An undefined score (NaN) counts as minus infinity.
    """
    return _Negatives.of(score, patient).threshold(false_alarms)


def sensitivity_at(
    score: Scores, copy: Copies, patient: Patients, false_alarms: float, *, n_draws: int = 1000, seed: int = 0
) -> Estimate:
    """The share of the copies that is above the threshold that this share of all others is above.

    The interval holds both chances: that of the copies, clustered by patient, and that of the threshold, by
    `n_draws` bootstrap draws of the patients behind it. Unknown without copies, or without others.
    """
    if copy.all() or not copy.any():
        return Estimate.unknown()
    score = _comparable(score)
    negatives = _Negatives.of(score[~copy], patient[~copy])
    found = clustered(score[copy] > negatives.threshold(false_alarms), patient[copy])
    drawn = negatives.redrawn(false_alarms, n_draws, seed)
    return widened(found, 1 - np.searchsorted(np.sort(score[copy]), drawn, side="right") / found.n)


def auc(score: Scores, copy: Copies, patient: Patients, level: float = 0.95) -> Estimate:
    """How likely a copy is to score above another image, ties counted as one half; `n` counts both.

    The interval is Newcombe's (Statistics in Medicine 2006, method 5), which has width where the two are
    wholly apart, with as many independent images as give the variance that is seen between patients
    (Obuchowski, Biometrics 1997), and no more than there are; where none is seen, each patient counts once.
    Unknown without copies, or without others.
    """
    n_copies = int(np.count_nonzero(copy))
    if n_copies in {0, copy.size}:
        return Estimate.unknown()
    above, below = _placements(_comparable(score), copy)
    value = float(above.mean())
    n_each = _independent(above, below, copy, patient)
    low, high = _newcombe(value, *n_each, level)
    return Estimate(value, low, high, copy.size)


@dataclass(frozen=True, eq=False)
class _Negatives:
    """Scores of images that are no copies, once each and rising, and how much each patient has at each."""

    score: Float[np.ndarray, " u"]
    place: Integer[np.ndarray, " n"]
    patient: Patients
    weight: Float[np.ndarray, " n"]

    @staticmethod
    def of(score: Scores, patient: Patients) -> _Negatives:
        unique, place = np.unique(_comparable(score), return_inverse=True)
        code = np.unique(patient, return_inverse=True)[1]
        return _Negatives(unique, place, code, 1 / np.bincount(code)[code])

    @property
    def n_patients(self) -> int:
        return int(self.patient.max()) + 1

    def threshold(self, false_alarms: float, count: Integer[np.ndarray, " patients"] | None = None) -> float:
        """The threshold where each patient counts `count` times."""
        weight = self.weight if count is None else self.weight * count[self.patient]
        at = np.bincount(self.place, weights=weight)
        above = np.cumsum(at[::-1])[::-1] - at
        return float(self.score[np.argmax(above <= false_alarms * self.n_patients + 1e-9)])

    def redrawn(self, false_alarms: float, n_draws: int, seed: int) -> Float[np.ndarray, " {n_draws}"]:
        """The thresholds that other draws of as many patients would have given."""
        generator, n = stream(seed, "patients of the threshold"), self.n_patients
        counts = (np.bincount(generator.integers(n, size=n), minlength=n) for _ in range(n_draws))
        return np.array([self.threshold(false_alarms, count) for count in counts])


def _comparable(score: Scores) -> Scores:
    return np.where(np.isnan(score), -np.inf, score)


def _placements(
    score: Scores, copy: Copies
) -> tuple[Float[np.ndarray, " copies"], Float[np.ndarray, " others"]]:
    """For each copy the share of others below it, for each other the share of copies above, by midranks."""
    rank, others = _midranks(score), ~copy
    above = (rank[copy] - _midranks(score[copy])) / others.sum()
    below = 1 - (rank[others] - _midranks(score[others])) / copy.sum()
    return above, below


def _midranks(score: Scores) -> Float[np.ndarray, " n"]:
    """Places in order, from 1; equal scores share the mean of theirs."""
    _, code, count = np.unique(score, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[code]


def _independent(
    above: Float[np.ndarray, " copies"], below: Float[np.ndarray, " others"], copy: Copies, patient: Patients
) -> tuple[float, float]:
    """How many independent copies and others give the variance seen; never more than there are."""
    value, n_copies, n_others = float(above.mean()), above.size, below.size
    seen = _variance(above, below, copy, patient)
    if seen == 0:
        return float(len(np.unique(patient[copy]))), float(len(np.unique(patient[~copy])))
    share = min(1.0, _model_variance(value, n_copies, n_others) / seen)
    return share * n_copies, share * n_others


def _variance(
    above: Float[np.ndarray, " copies"], below: Float[np.ndarray, " others"], copy: Copies, patient: Patients
) -> float:
    """Obuchowski's equations 4 and 5: placements are summed by patient, who may have images of both kinds."""
    value, code = above.mean(), np.unique(patient, return_inverse=True)[1]
    n = int(code.max()) + 1
    x = np.bincount(code[copy], above - value, minlength=n) / above.size
    y = np.bincount(code[~copy], below - value, minlength=n) / below.size
    n_x, n_y = len(np.unique(code[copy])), len(np.unique(code[~copy]))
    return float(_for_mean(n_x) * (x @ x) + _for_mean(n_y) * (y @ y) + 2 * _for_mean(n) * (x @ y))


def _for_mean(n: int) -> float:
    """What makes up for a mean taken from the same n patients; nothing can where there is one."""
    return n / (n - 1) if n > 1 else 1.0


def _model_variance(value: float, n_copies: float, n_others: float) -> float:
    """The variance of Hanley and McNeil, in Newcombe's form, for an area of `value`."""
    half = (n_copies + n_others) / 2 - 1
    spread = 1 + half * ((1 - value) / (2 - value) + value / (1 + value))
    return value * (1 - value) * spread / (n_copies * n_others)


def _newcombe(value: float, n_copies: float, n_others: float, level: float) -> tuple[float, float]:
    """The areas from which the one seen is as far as chance may take it."""
    from scipy.optimize import brentq  # half a second that other reports need not wait

    z = float(special.ndtri((1 + level) / 2))

    def too_far(area: float) -> float:
        return (area - value) ** 2 - z**2 * _model_variance(area, n_copies, n_others)

    inside = min(max(value, _EDGE), 1 - _EDGE)
    low = brentq(too_far, 0.0, inside) if value > 0 else 0.0
    high = brentq(too_far, inside, 1.0) if value < 1 else 1.0
    return float(low), float(high)
