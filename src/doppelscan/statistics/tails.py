"""How rare a statistic is that lies beyond almost all of the null.

Above a high point, statistics follow a generalized Pareto law (Pickands 1975): an excess is at least y with
probability (1 + theta y)^(-1/xi). For a known theta, log(1 + theta y) is exponential with mean xi, so the
chance that a *new* excess is at least y, given k excesses y_i, is exactly

    (1 + log(1 + theta y) / T)^(-k),    T = sum of log(1 + theta y_i),                      (1)

with the error of estimating xi in it. Theta is averaged over its posterior (Zhang, Stephens 2009), of density

    (theta / T)^k / product of (1 + theta y_i)                                              (2)

times a prior that holds it near 0, the exponential tail, and never below it: none promises more than that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer

__all__ = ["Tail", "fit_tail"]

# Theta times the mean excess: from a tail that is exponential to one that has hardly a mean.
_GRID = np.geomspace(1e-3, 10, 48)


@dataclass(frozen=True, eq=False)
class Tail:
    """The law of null statistics above `start`.

    `share` of the null lies above `start`; `n` is the number of independent excesses that the law rests on;
    `theta`, their `weight` and `total` (T of equation 1) hold the posterior.
    """

    start: float
    share: float
    n: float
    theta: Float[np.ndarray, " j"]
    weight: Float[np.ndarray, " j"]
    total: Float[np.ndarray, " j"]

    def beyond(self, x: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
        """The probability that a null statistic is at least `x`; `share` where `x` is below `start`."""
        excess = np.maximum(x - self.start, 0)
        scaled = np.log1p(np.outer(excess, self.theta)) / self.total
        return np.asarray(self.share * np.sum(np.exp(-self.n * np.log1p(scaled)) * self.weight, axis=1))


def fit_tail(
    statistic: Float[np.ndarray, " n"],
    patient: Integer[np.ndarray, " n"],
    count: Float[np.ndarray, " patients"],
    *,
    unseen: Bool[np.ndarray, " n"] | None = None,
    shape: float = 0.1,
) -> Tail | None:
    """The tail of a null grouped by patient, or None where too few patients reach into it.

    Parameters
    ----------
    statistic
        One for each image; minus infinity is allowed.
    patient
        The patient of each image, numbered from 0.
    count
        How often each patient counts: 1, or the number of times that a bootstrap drew it. An image weighs its
        patient's count over the patient's number of images.
    unseen
        The largest statistics, known only to be at least as large as the largest one seen: with these
        censored, outliers cannot shape the tail that they are held against.
    shape
        The mean of theta times the mean excess, which is xi / (1 - xi), under its exponential prior.
    """
    if statistic.size == 0:
        return None
    weight = (count / np.bincount(patient, minlength=count.size))[patient]
    start = _start(statistic, weight, count.sum())
    above = statistic > start
    mass = np.bincount(patient[above], weights=weight[above], minlength=count.size)
    if not np.isfinite(start) or np.count_nonzero(mass) < 2:
        return None
    excess, weight_above = statistic[above] - start, weight[above] * _independent(mass, count)
    seen = np.ones(excess.size, bool) if unseen is None else ~unseen[above]
    share = (1 + mass.sum()) / (1 + count.sum())
    return _posterior(start, share, excess, weight_above, seen, shape)


def _start(statistic: Float[np.ndarray, " n"], weight: Float[np.ndarray, " n"], n_patients: float) -> float:
    """The statistic above which a tenth of the patients lie, but 20 of them if that is less than half."""
    reach = max(n_patients / 10, min(20.0, n_patients / 2))
    order = np.argsort(-statistic, kind="stable")
    place = int(np.searchsorted(np.cumsum(weight[order]), reach + 1 - 1e-9))
    return float(statistic[order[min(place, statistic.size - 1)]])


def _independent(mass: Float[np.ndarray, " patients"], count: Float[np.ndarray, " patients"]) -> float:
    """What to multiply weights by so that they add up to the effective number of patients (Kish)."""
    held = mass > 0
    return float(mass.sum() / np.sum(mass[held] ** 2 / count[held]))


def _posterior(
    start: float,
    share: float,
    excess: Float[np.ndarray, " k"],
    weight: Float[np.ndarray, " k"],
    seen: Bool[np.ndarray, " k"],
    shape: float,
) -> Tail | None:
    """Equation (2) on a grid of theta that is relative to the mean excess."""
    n = float(weight[seen].sum())
    known = np.where(seen, excess, excess[seen].max(initial=0.0))
    if n == 0 or not 0 < weight @ known < np.inf:
        return None
    relative = _GRID / (weight @ known / n)
    logs = np.log1p(np.outer(relative, known))
    total = logs @ weight
    likelihood = n * np.log(relative / total) - logs[:, seen] @ weight[seen]
    log_posterior = likelihood - _GRID / shape + np.log(_GRID)
    posterior = np.exp(log_posterior - log_posterior.max())
    return Tail(start, share, n, relative, posterior / posterior.sum(), total)
