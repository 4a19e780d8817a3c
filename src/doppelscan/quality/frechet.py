"""How far apart are two sets of vectors, each taken for a normal cloud? FID's formula, and its limit."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64, Integer
from scipy import linalg

from doppelscan.seeds import stream

__all__ = ["frechet_distance", "frechet_infinity"]

_SHARES = np.linspace(1.0, 2.5, 7)  # of one over the number of images: from all of them to two fifths
_SUBSETS = 4  # at each size

Vectors = Float[np.ndarray, "n d"]


def frechet_distance(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]) -> float:
    """|a - b|² + tr A + tr B - 2 tr (A B)^½, with means a, b and covariances A, B (Heusel et al. 2017).

    With A = FᵀF and B = GᵀG the last trace is the sum of the singular values of F Gᵀ. F is the centred vectors
    themselves or, of more images than numbers, the root of A by its symmetric eigen-decomposition: nothing is
    inverted, so that singular covariances, few images and duplicates do no harm. All in float64.

    It is biased: two draws of one cloud are at a distance of about 1/n times a constant that grows with d, and
    even more where n < d. Compare sets of one size only, or use `frechet_infinity`.
    """
    a, b = x.mean(axis=0, dtype=np.float64), y.mean(axis=0, dtype=np.float64)
    root_x, root_y = _root(x, a), _root(y, b)
    shared = linalg.svdvals(root_x @ root_y.T).sum() if root_x.size and root_y.size else 0.0
    spread = np.square(root_x).sum() + np.square(root_y).sum()
    return max(float(np.square(a - b).sum() + spread - 2 * shared), 0.0)


def frechet_infinity(
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, "m d"],
    *,
    groups: tuple[Integer[np.ndarray, " n"], Integer[np.ndarray, " m"]],
    seed: int,
) -> float:
    """The distance that infinitely many images would have, where the line through smaller sets leads.

    The distance falls by a constant over n (Chong and Forsyth 2020): it is measured on both sets whole and on
    parts of them down to two fifths, and a line in 1/n is carried on to 0. `groups` are the patients of each image:
    they stay together. It is unbiased to the first order only, may be below 0 where the two agree, and is not to be
    trusted with fewer images than numbers a vector.
    """
    generator = stream(seed, "frechet infinity")
    found = [
        np.mean(
            [_of_parts(x, y, groups, 1 / inverse, generator) for _ in range(1 if inverse == 1 else _SUBSETS)]
        )
        for inverse in _SHARES
    ]
    return float(np.polynomial.Polynomial.fit(_SHARES, found, 1)(0.0))


def _root(x: Vectors, mean: Float64[np.ndarray, " d"]) -> Float64[np.ndarray, "r d"]:
    """F with FᵀF the covariance: at most as many rows as numbers a vector."""
    centred = x.astype(np.float64)
    centred -= mean
    n, d = centred.shape
    centred /= np.sqrt(max(n - 1, 1))
    if n <= d:
        return np.asarray(centred)
    values, directions = linalg.eigh(centred.T @ centred)
    return np.asarray(np.sqrt(values.clip(0))[:, None] * directions.T)


def _of_parts(
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, "m d"],
    groups: tuple[np.ndarray, np.ndarray],
    share: float,
    generator: np.random.Generator,
) -> float:
    """The distance of as large a share of both sets, drawn by patient."""
    if share == 1:
        return frechet_distance(x, y)
    kept = [_part(of, share, generator) for of in groups]
    return frechet_distance(x[kept[0]], y[kept[1]])


def _part(group: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    present = np.unique(group)
    chosen = generator.permutation(present)[: max(1, round(share * len(present)))]
    return np.asarray(np.isin(group, chosen))
