"""How far may a number lie from what was measured? Other patients, other seeds: drawn, the same for every cell."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from scipy import special

from doppelscan.estimates import Estimate
from doppelscan.seeds import stream

__all__ = ["Resampling", "estimate_of", "p_value_of", "resampling"]

_LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Resampling:
    """Draws of patients and of seeds.

    Attributes
    ----------
    weights
        How often each image counts: in row 0 once, in each other row as often as its patient was drawn.
    seeds
        For each of the other rows, the seeds that were drawn.
    """

    weights: Float64[np.ndarray, "b n"]
    seeds: Int64[np.ndarray, "d s"]

    def over(self, values: Float64[np.ndarray, "s b"]) -> Float64[np.ndarray, " b"]:
        """The mean over seeds, then as it would be with other patients and other seeds.

        `values` has a row for each seed and a column for each row of `weights`. What other seeds would change is
        stretched, so that few of them give Student's interval and not the bootstrap's, which is too short then.
        """
        n = len(values)
        mean = values.mean(axis=0)
        if n == 1:
            return np.asarray(mean)
        stretch = math.sqrt(n / (n - 1)) * special.stdtrit(n - 1, 0.975) / special.ndtri(0.975)
        moved = values[:, 0][self.seeds].mean(axis=1) - mean[0]
        return np.concatenate([mean[:1], mean[1:] + stretch * moved])


def resampling(patients: Int64[np.ndarray, " n"], n_seeds: int, n_draws: int, seed: int) -> Resampling:
    """`n_draws` draws of patients and of seeds, with replacement."""
    rng = stream(seed, "utility resampling")
    n_patients = int(patients.max()) + 1
    drawn = rng.multinomial(n_patients, np.full(n_patients, 1 / n_patients), n_draws)
    weights = np.concatenate([np.ones((1, len(patients))), drawn[:, patients]])
    return Resampling(weights, rng.integers(0, n_seeds, (n_draws, n_seeds)))


def estimate_of(draws: Float64[np.ndarray, " b"], n: int, low: float = 0.0, high: float = 1.0) -> Estimate:
    """The first value, with the interval that 95 of 100 of the others span, within `low` and `high`.

    Unknown where the value is NaN; draws of which nothing can be said are left out.
    """
    value, others = float(draws[0]), draws[1:][np.isfinite(draws[1:])]
    if not math.isfinite(value):
        return Estimate(math.nan, low, high, 0)
    if len(others) == 0:
        return Estimate(value, low, high, n)
    below, above = np.quantile(others, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]).tolist()
    return Estimate(value, max(min(below, value), low), min(max(above, value), high), n)


def p_value_of(draws: Float64[np.ndarray, " b"]) -> float:
    """Two-sided, that the true value is 0, by the normal law with the spread of the draws; 1 where all are alike."""
    spread = float(np.nanstd(draws[1:], ddof=1))
    value = float(draws[0])
    if not math.isfinite(value) or spread == 0:
        return 1.0 if value == 0 or not math.isfinite(value) else 0.0
    return float(2 * special.ndtr(-abs(value) / spread))
