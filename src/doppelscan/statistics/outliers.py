"""Which images of the null are no strangers to the training patients."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Integer

from doppelscan.statistics.tails import fit_tail

__all__ = ["outliers"]

# With more identity errors than this share of the null, they are its tail.
_MOST = 0.05
# A tail whose upper end is not seen tells little of its shape: here the prior holds it nearer to 0.
_SHAPE = 0.05


def outliers(
    statistic: Float[np.ndarray, " n"], patient: Integer[np.ndarray, " n"], alpha: float = 0.01
) -> Bool[np.ndarray, " n"]:
    """The images of the null that match another patient too well to be of different people.

    The j largest statistics are outliers if the gap below them is too wide: if, under the tail fitted to the
    others, images of as many patients as the j show would all lie beyond it with a probability below
    alpha / (j (j + 1)). These levels add up to `alpha`, the most with which a clean null should have an
    outlier at all. j is the largest of which this holds, up to one in twenty. That the j are judged together,
    by a tail that does not know how far they lie, lets no outlier hide another. A statistic of plus infinity,
    of a perfect match, is always one.
    """
    perfect = np.isposinf(statistic)
    others = np.flatnonzero(~perfect & ~np.isnan(statistic))
    falling = others[np.argsort(-statistic[others], kind="stable")]
    found = perfect.copy()
    found[falling[: _n_outliers(statistic[falling], patient[falling], alpha)]] = True
    return found


def _n_outliers(falling: Float[np.ndarray, " n"], patient: Integer[np.ndarray, " n"], alpha: float) -> int:
    code = np.unique(patient, return_inverse=True)[1]
    for j in range(int(np.ceil(_MOST * falling.size)), 0, -1):
        if _chance_of_gap(falling, code, j) < alpha / (j * (j + 1)):
            return j
    return 0


def _chance_of_gap(falling: Float[np.ndarray, " n"], code: Integer[np.ndarray, " n"], j: int) -> float:
    """How likely the j largest are to lie as far above the next: one factor for each of their patients."""
    unseen = np.arange(falling.size) < j
    tail = fit_tail(falling, code, np.ones(code.max() + 1), unseen=unseen, shape=_SHAPE)
    if tail is None:
        return 1.0
    lower, upper = np.log1p(np.outer(falling[[j, j - 1]] - tail.start, tail.theta))
    n_patients = np.unique(code[:j]).size
    return float((1 + n_patients * (upper - lower) / tail.total) ** -tail.n @ tail.weight)
