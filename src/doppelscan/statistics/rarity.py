"""Are small p-values rarer than chance makes them? Then the null is too far to the right, and copies hide below it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

__all__ = ["Rarity", "rarity"]


@dataclass(frozen=True)
class Rarity:
    """How many of `n` p-values are to be expected at or below a level, and the chance of so few as were met."""

    expected: float
    chance: float


def rarity(n_small: int, n: int, *, level: float, n_null: int) -> Rarity:
    """Of `n` images exchangeable with the `n_null` of a null, `n_small` have a conformal p-value of at most `level`.

    That is to be among the k = floor(level (n_null + 1)) most extreme of a null of m = n_null, and the number of those
    who are has the beta-binomial distribution with parameters n, k and m + 1 - k: it holds the chance that lies in the
    null, too. Copies can only make p-values smaller.

    Examples
    --------
    >>> found = rarity(0, 100, level=0.1, n_null=999)
    >>> found.expected, f"{found.chance:.1e}"
    (10.0, '4.4e-05')
    """
    k = math.floor(level * (n_null + 1) + 1e-9)
    if k == 0 or n == 0:
        return Rarity(0.0, 1.0)
    few = np.arange(n_small + 1)
    ways = special.gammaln(n + 1) - special.gammaln(few + 1) - special.gammaln(n - few + 1)
    mass = np.exp(
        ways + special.betaln(few + k, n - few + n_null + 1 - k) - special.betaln(k, n_null + 1 - k)
    )
    return Rarity(n * k / (n_null + 1), float(min(1.0, mass.sum())))
