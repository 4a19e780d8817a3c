"""What the correlation of two images is, to the accuracy of float64."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64, Int64, Shaped

__all__ = ["exact_correlations"]

_FLOATS_A_PAIR = 8  # float64 values held for each pixel of a pair, temporaries included


def exact_correlations(
    first: Shaped[np.ndarray, "m *shape"],
    second: Shaped[np.ndarray, "n *shape"],
    pairs: tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]],
    *,
    memory: int,
) -> Float64[np.ndarray, "p"]:
    """The Pearson correlation of `first[pairs[0][i]]` with `second[pairs[1][i]]`, for each i.

    Within about 1e-12 of the true value, and exactly 1 for identical pixels. It depends on the two
    images alone, not on what else is in the block, so that equal references tie exactly. At most about
    `memory` bytes are used (and what one pair needs). Neither image of a pair may be constant.
    """
    scores = np.empty(len(pairs[0]))
    for part in _parts(len(scores), memory // (8 * _FLOATS_A_PAIR * max(1, first[:1].size))):
        scores[part] = _correlations(first, pairs[0][part], second, pairs[1][part])
    return scores


def _parts(n: int, size: int) -> Iterator[slice]:
    size = max(1, size)
    return (slice(start, start + size) for start in range(0, n, size))


def _correlations(
    first: Shaped[np.ndarray, "m *shape"],
    rows: Int64[np.ndarray, "p"],
    second: Shaped[np.ndarray, "n *shape"],
    columns: Int64[np.ndarray, "p"],
) -> Float64[np.ndarray, "p"]:
    """Of centred x and y, Σ xy / √(Σ x² Σ y²). Each image is centred once, however many pairs it is in."""
    x, of_x = _centred_once(first, rows)
    y, of_y = _centred_once(second, columns)
    xx, yy = np.fromiter(map(_inner, x, x), float), np.fromiter(map(_inner, y, y), float)
    xy = np.fromiter((_inner(x[i], y[j]) for i, j in zip(of_x, of_y, strict=True)), float)
    correlations: Float64[np.ndarray, "p"] = xy / np.sqrt(xx[of_x] * yy[of_y])
    return correlations.clip(-1.0, 1.0)


def _inner(x: Float64[np.ndarray, "d"], y: Float64[np.ndarray, "d"]) -> float:
    """Σ xy; not by BLAS, whose order of summation may change with where in memory x and y are."""
    return float(np.einsum("d,d->", x, y))


def _centred_once(
    images: Shaped[np.ndarray, "n *shape"], which: Int64[np.ndarray, "p"]
) -> tuple[Float64[np.ndarray, "q d"], Int64[np.ndarray, "p"]]:
    """The images named, each once, centred; and where each of `which` is among them."""
    unique, place = np.unique(which, return_inverse=True)
    values = images[unique].reshape(len(unique), -1).astype(np.float64)
    values -= values.mean(axis=1, keepdims=True)
    values /= np.abs(values).max(axis=1, keepdims=True)  # before squaring: no overflow, no underflow
    values -= values.mean(axis=1, keepdims=True)  # what rounding left of a mean far from zero
    return values, place
