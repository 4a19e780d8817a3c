"""How different are the images of one set from each other? By their vectors."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import linalg

from doppelscan.quality.distances import blocks, directions

__all__ = ["mean_distance", "vendi_score"]


def vendi_score(x: Float[np.ndarray, "n d"]) -> float:
    """How many wholly different images would be as diverse: exp(-Σ λ log λ) (Friedman and Dieng 2023).

    λ are the eigenvalues of K / n, with K the cosine similarities. 1 where all vectors have one direction, n where all
    are at right angles. A vector of zeros has no direction, and stands at right angles to all. It grows with n:
    compare sets of one size only. NaN for an empty set.
    """
    if not len(x):
        return float("nan")
    unit = directions(x)
    zeros = len(x) - int(unit.any(axis=1).sum())
    product = unit @ unit.T if len(unit) <= unit.shape[1] else unit.T @ unit
    values = linalg.eigvalsh(product / len(x)).clip(0)
    values = np.concatenate([values[values > 0], np.full(zeros, 1 / len(x))])
    return float(np.exp(-(values * np.log(values)).sum()))


def mean_distance(x: Float[np.ndarray, "n d"]) -> float:
    """The mean Euclidean distance between two different images of the set; NaN for fewer than two."""
    n = len(x)
    return (
        sum(float(block.distances.sum()) for block in blocks(x, x)) / (n * (n - 1)) if n > 1 else float("nan")
    )
