"""How far a rate may lie from the share that was counted."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float, Integer
from scipy import special

from doppelscan.estimates import Estimate

__all__ = ["binomial", "clustered", "widened"]


def binomial(hits: int, n: int, level: float = 0.95) -> Estimate:
    """A rate counted on `n` independent units, with the exact interval of Clopper and Pearson (1934).

    Its coverage is at least `level` whatever the rate. Unknown where n = 0; a ValueError unless 0 <= hits <= n.

    Examples
    --------
    >>> print(binomial(0, 368))
    0 [0, 0.009974], n=368
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits among {n}")
    if n == 0:
        return Estimate.unknown()
    return Estimate(hits / n, *_clopper_pearson(hits, n, level), n)


def clustered(
    hits: Bool[np.ndarray, " n"] | Float[np.ndarray, " n"],
    patient: Integer[np.ndarray, " n"],
    level: float = 0.95,
) -> Estimate:
    """A rate over images, with the interval of Korn and Graubard (1998): images of a patient are alike.

    The images count as many independent ones as give the variance seen between patients; that number goes
    into the interval of Clopper and Pearson. Where all images agree, no variance can be seen, and each
    patient counts as one image. `hits` are 0, 1 or shares between them; the estimate's `n` is the number
    of images. Unknown where there are none.
    """
    hits = hits.astype(np.float64)
    if hits.size == 0:
        return Estimate.unknown()
    rate = float(hits.mean())
    n_effective = _independent_images(hits, patient, level)
    return Estimate(rate, *_clopper_pearson(rate * n_effective, n_effective, level), hits.size)


def widened(estimate: Estimate, draws: Float[np.ndarray, " d"], level: float = 0.95) -> Estimate:
    """The rate with a second, independent source of error added to its interval.

    `draws` are the rate's values under that source alone (a bootstrap of the null). The distances from the
    value to either limit add as squares (MOVER: Zou and Donner 2008); limits stay within 0 and 1.
    """
    if not estimate.known or draws.size == 0:
        return estimate
    value = estimate.value
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2]).tolist()
    below = math.hypot(value - estimate.low, max(value - low, 0.0))
    above = math.hypot(estimate.high - value, max(high - value, 0.0))
    low = max(min(value - below, estimate.low), 0.0)
    high = min(max(value + above, estimate.high), 1.0)
    return Estimate(value, low, high, estimate.n)


def _clopper_pearson(hits: float, n: float, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    low = special.betaincinv(hits, n - hits + 1, tail) if hits > 0 else 0.0
    high = special.betaincinv(hits + 1, n - hits, 1 - tail) if hits < n else 1.0
    return float(low), float(high)


def _independent_images(
    hits: Float[np.ndarray, " n"], patient: Integer[np.ndarray, " n"], level: float
) -> float:
    """Korn and Graubard's effective n, with their correction for the degrees of freedom; at most n."""
    n, rate = hits.size, hits.mean()
    code = np.unique(patient, return_inverse=True)[1]
    deviations = np.bincount(code, weights=hits - rate)
    n_patients = deviations.size
    if n_patients == 1 or np.ptp(hits) == 0:
        return float(n_patients)
    variance = n_patients / (n_patients - 1) * float(deviations @ deviations) / n**2
    all_images, all_patients = special.stdtrit([n - 1, n_patients - 1], (1 + level) / 2)
    correction = (all_images / all_patients) ** 2
    if variance * n <= rate * (1 - rate) * correction:
        return float(n)
    return float(rate * (1 - rate) / variance * correction)
