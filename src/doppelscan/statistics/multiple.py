"""Which of many p-values stand, when all were looked at."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

__all__ = ["flagged", "q_values"]


def q_values(p: Float[np.ndarray, "*draws m"]) -> Float[np.ndarray, "*draws m"]:
    """The smallest false discovery rate at which each hypothesis is rejected (Benjamini, Hochberg 1995).

    q of the i-th smallest of m is the least of m p(j) / j over j >= i, at most 1; each row by itself.

    Examples
    --------
    >>> q_values(np.array([0.01, 0.5, 0.02])).tolist()
    [0.03, 0.5, 0.03]
    """
    m = p.shape[-1]
    order = np.argsort(p, axis=-1)[..., ::-1]
    scaled = np.take_along_axis(p, order, axis=-1) * m / np.arange(m, 0, -1)
    q = np.empty_like(p)
    np.put_along_axis(q, order, np.minimum(np.minimum.accumulate(scaled, axis=-1), 1), axis=-1)
    return q


def flagged(p: Float[np.ndarray, "*draws m"], fdr: float) -> Bool[np.ndarray, "*draws m"]:
    """Which hypotheses are rejected so that the expected share of false ones among them is at most `fdr`."""
    return q_values(p) <= fdr
