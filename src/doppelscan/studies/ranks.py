"""Does a number rank the cells of a study as their copying does? Spearman's rank correlation, with its interval."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from doppelscan.estimates import Estimate

__all__ = ["ranked_alike"]

_LEAST = 4  # cells


def ranked_alike(cells: pd.DataFrame, one: str, other: str) -> Estimate:
    """Spearman's correlation of two outcomes over the cells; unknown of fewer than four, or where all are alike.

    The interval is that of Bonett & Wright (2000, Psychometrika 65:23), as if cells were independent. Of a perfect
    order it is that of an order with one pair of neighbours exchanged: few cells can be in order by chance.
    """
    both = cells[[one, other]].dropna()
    if len(both) < _LEAST or (both.nunique() < 2).any():
        return Estimate.unknown()
    n = len(both)
    rho = float(np.corrcoef(both[one].rank(), both[other].rank())[0, 1])
    most = 1 - 12 / (n**3 - n)
    z, error = math.atanh(min(max(rho, -most), most)), math.sqrt((1 + rho**2 / 2) / (n - 3))
    low, high = math.tanh(z - 1.959964 * error), math.tanh(z + 1.959964 * error)
    return Estimate(rho, min(low, rho), max(high, rho), n)
