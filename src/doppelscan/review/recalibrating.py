"""By what readers said, where would the audit's statistic best be cut? At a threshold that is tried on others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from doppelscan.estimates import Estimate
from doppelscan.statistics import sensitivity_specificity

__all__ = ["Recalibrated", "recalibrated"]


@dataclass(frozen=True)
class Recalibrated:
    """A threshold on the statistic, above which a pair is a copy, and what such thresholds do on other patients."""

    threshold: float
    sensitivity: Estimate
    specificity: Estimate

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        rates = {"sensitivity": self.sensitivity.to_json(), "specificity": self.specificity.to_json()}
        return {"threshold": self.threshold, **rates}


def recalibrated(
    score: Float64[np.ndarray, " n"], copy: Bool[np.ndarray, " n"], patient: Int64[np.ndarray, " n"]
) -> Recalibrated | None:
    """The threshold with the largest sum of sensitivity and specificity (Youden 1950), in the middle of its gap.

    Its rates are not those of the pairs that it was found with, which would flatter it: each patient's pairs are
    judged by the threshold that the pairs of all others give. None where fewer than two patients have copies, or
    fewer than two have others.
    """
    if min(len(np.unique(patient[copy])), len(np.unique(patient[~copy]))) < 2:
        return None
    flagged = np.zeros(len(score), dtype=bool)
    for one in np.unique(patient):
        mine = patient == one
        flagged[mine] = score[mine] > _best_cut(score[~mine], copy[~mine])
    return Recalibrated(_best_cut(score, copy), *sensitivity_specificity(flagged, copy, patient))


def _best_cut(score: Float64[np.ndarray, " n"], copy: Bool[np.ndarray, " n"]) -> float:
    """Between two scores; the highest of equally good ones."""
    values = np.unique(score)
    lower, upper = values[:-1], values[1:]
    if not len(lower):
        return float(values[0])
    found = (score[copy][:, None] > lower).sum(axis=0)
    left = (score[~copy][:, None] <= lower).sum(axis=0)
    both = found * np.count_nonzero(~copy) + left * np.count_nonzero(copy)  # in whole numbers, ties are ties
    best = len(lower) - 1 - int(np.argmax(both[::-1]))
    return _between(float(lower[best]), float(upper[best]))


def _between(lower: float, upper: float) -> float:
    """The middle of two scores; where one is infinite, next to the other."""
    if np.isfinite(lower) and np.isfinite(upper):
        return (lower + upper) / 2
    if np.isfinite(lower):
        return lower
    return float(np.nextafter(upper, -np.inf)) if np.isfinite(upper) else 0.0
