"""What share of the images match by more than chance, without deciding which."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from doppelscan.estimates import Estimate
from doppelscan.statistics.intervals import binomial, widened

__all__ = ["excess_share"]

_LEVELS = (0.1, 0.01)


def excess_share(p: Float[np.ndarray, " m"], resampled: Float[np.ndarray, "d m"] | None = None) -> Estimate:
    """The share of non-null p-values, after Storey (2002): the excess of small ones.

    Of null p-values a share of lam is at most lam, of copies all are: with H of m p-values at most lam, the
    share is (H / m - lam) / (1 - lam), cut off at 0. The interval is that of H / m, widened by the `resampled`
    p-values of `PatientNull.p_values_resampled`.

    Two levels are looked at. At 0.1 weak copies count too; at 0.01 a null that does not fit does less harm
    (one that holds other images of the same persons makes all p-values large). The value is that of the level
    with the larger lower limit; the interval spans both, each at 97.5% (Bonferroni). Unknown where there is
    no p-value.
    """
    if p.size == 0:
        return Estimate.unknown()
    found = [_excess(p, resampled, lam) for lam in _LEVELS]
    best = max(found, key=lambda estimate: estimate.low)
    return Estimate(best.value, best.low, max(estimate.high for estimate in found), best.n)


def _excess(p: Float[np.ndarray, " m"], resampled: Float[np.ndarray, "d m"] | None, lam: float) -> Estimate:
    level = 1 - 0.05 / len(_LEVELS)
    counted = binomial(int(np.count_nonzero(p <= lam)), p.size, level)
    if resampled is not None:
        counted = widened(counted, (resampled <= lam).mean(axis=1), level)
    shares = (np.array([counted.value, counted.low, counted.high]) - lam) / (1 - lam)
    value, low, high = np.maximum(shares, 0).tolist()
    return Estimate(value, low, high, counted.n)
