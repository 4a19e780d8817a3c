"""What share of the images match by more than chance, without deciding which."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from doppelscan.estimates import Estimate
from doppelscan.statistics.intervals import binomial, widened

__all__ = ["excess_share"]


def excess_share(
    p: Float[np.ndarray, " m"], resampled: Float[np.ndarray, "d m"] | None = None, *, lam: float = 0.1
) -> Estimate:
    """The share of non-null p-values, after Storey (2002): the excess of those at most `lam`.

    Of null p-values a share of `lam` is that small, of copies all are: with H of m p-values at most `lam`,
    the share is (H / m - lam) / (1 - lam), here cut off at 0. Its interval is that of H / m, widened by the
    `resampled` p-values of `PatientNull.p_values_resampled`. Unknown where there is no p-value.
    """
    counted = binomial(int(np.count_nonzero(p <= lam)), p.size)
    if not counted.known:
        return counted
    if resampled is not None:
        counted = widened(counted, (resampled <= lam).mean(axis=1))
    shares = (np.array([counted.value, counted.low, counted.high]) - lam) / (1 - lam)
    value, low, high = np.maximum(shares, 0).tolist()
    return Estimate(value, low, high, counted.n)
