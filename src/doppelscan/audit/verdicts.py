"""Which images are copies, from their statistics and a null. Sees no image: simulations drive it directly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from doppelscan.statistics import PatientNull, q_values

__all__ = ["SAME_PIXELS", "Rule", "Verdicts", "judge", "p_values"]

SAME_PIXELS = 1 - 1e-9
"""The correlation above which two images have the same pixels, up to brightness and contrast."""


@dataclass(frozen=True, eq=False)
class Verdicts:
    """The verdict on each of m images, and what it rests on.

    `kind` is `rank` or `tail` (how the null gave p), `identical` (same pixels as a training image: always
    copied, p = 0) or `undefined` (a constant image: never copied, p = 1).
    """

    statistic: Float64[np.ndarray, " m"]
    p: Float64[np.ndarray, " m"]
    kind: np.ndarray[tuple[int], np.dtype[np.object_]]
    q: Float64[np.ndarray, " m"]
    copied: Bool[np.ndarray, " m"]

    @property
    def threshold(self) -> float | None:
        """The smallest statistic flagged for what it is, not for being identical; None if there is none."""
        chosen = self.statistic[self.copied & (self.kind != "identical")]
        return float(chosen.min()) if chosen.size else None


@dataclass(frozen=True)
class Rule:
    """What decides: a false discovery rate, or, where given, a threshold on the statistic."""

    fdr: float
    threshold: float | None = None

    def decide(
        self, p: Float64[np.ndarray, "*d m"], statistic: Float64[np.ndarray, " m"]
    ) -> Bool[np.ndarray, "*d m"]:
        """Which images are copies."""
        if self.threshold is not None:
            return np.broadcast_to(statistic > self.threshold, p.shape)
        return q_values(p) <= self.fdr

    def would_flag(
        self, p: Float64[np.ndarray, " c"], statistic: Float64[np.ndarray, " c"], *, n_flagged: int, n: int
    ) -> Bool[np.ndarray, " c"]:
        """Which of some further images would be flagged, each added alone to n images of which n_flagged are."""
        if self.threshold is not None:
            return statistic > self.threshold
        return p <= self.fdr * (n_flagged + 1) / (n + 1)


def judge(
    statistic: Float64[np.ndarray, " m"], score: Float64[np.ndarray, " m"], null: PatientNull, rule: Rule
) -> Verdicts:
    """The verdicts on images of these statistics and best scores."""
    p, kind = p_values(statistic, score, null)
    return Verdicts(statistic, p, kind, q_values(p), rule.decide(p, statistic))


def p_values(
    statistic: Float64[np.ndarray, " m"], score: Float64[np.ndarray, " m"], null: PatientNull
) -> tuple[Float64[np.ndarray, " m"], np.ndarray[tuple[int], np.dtype[np.object_]]]:
    """The p-value of each image and what gave it."""
    ranked = null.p_values(statistic)
    undefined, identical = np.isnan(statistic), score > SAME_PIXELS
    kind = np.select([undefined, identical, ranked.tail], ["undefined", "identical", "tail"], "rank").astype(
        object
    )
    return np.select([undefined, identical], [1.0, 0.0], ranked.p), kind
