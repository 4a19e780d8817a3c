"""How far is each vector from each of others? In blocks of rows, so that nothing of all pairs is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64

__all__ = ["Block", "blocks", "directions", "farthest_of", "nearest_of"]

_NUMBERS = 2**21  # float64 values in a block: 16 MB
_ROUNDING = 1e-13  # of the squared lengths: what identical vectors may seem apart

Vectors = Float[np.ndarray, "n d"]


@dataclass(frozen=True, eq=False)
class Block:
    """The distances of the rows from `start` on to all columns."""

    start: int
    distances: Float64[np.ndarray, "b m"]

    @property
    def rows(self) -> slice:
        """Which rows."""
        return slice(self.start, self.start + len(self.distances))

    def without_themselves(self) -> Float64[np.ndarray, "b m"]:
        """The distances where rows and columns are the same vectors, that of each to itself infinite."""
        here = np.arange(len(self.distances))
        self.distances[here, self.start + here] = np.inf
        return self.distances


def blocks(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]) -> Iterator[Block]:
    """The Euclidean distance of each row of x from each of y, in float64; that of equal vectors is exactly 0."""
    y = y.astype(np.float64, copy=False)
    length_y = np.einsum("nd,nd->n", y, y)
    size = max(1, _NUMBERS // max(len(y), 1))
    for start in range(0, len(x), size):
        part = x[start : start + size].astype(np.float64, copy=False)
        lengths = np.einsum("nd,nd->n", part, part)[:, None] + length_y
        far = part @ y.T
        far *= -2
        far += lengths
        lengths *= _ROUNDING
        far[far < lengths] = 0.0
        yield Block(start, np.sqrt(far, out=far))


def nearest_of(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]
) -> tuple[Int64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """For each row of x the nearest of y, of equal ones the first, and how far it is."""
    which, far = np.empty(len(x), dtype=np.int64), np.empty(len(x))
    for block in blocks(x, y):
        which[block.rows] = block.distances.argmin(axis=1)
        far[block.rows] = block.distances.min(axis=1)
    return which, far


def farthest_of(x: Float[np.ndarray, "n d"], k: int) -> Float64[np.ndarray, " n"]:
    """How far the k-th nearest other vector of the same set is: of fewer others the last, NaN where there is none."""
    radii = np.full(len(x), np.nan)
    k = min(k, len(x) - 1)
    for block in blocks(x, x) if k > 0 else ():
        radii[block.rows] = np.partition(block.without_themselves(), k - 1, axis=1)[:, k - 1]
    return radii


def directions(x: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
    """Each vector over its length, in float64; zeros stay zeros."""
    values = x.astype(np.float64)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    np.divide(values, length, out=values, where=length > 0)
    return values
