"""What is kept of the agreement of tiles while references pass: loops compiled by numba."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from doppelscan.search.compiled import compiled
from doppelscan.search.tile_grid import LENGTH

__all__ = ["TileSums"]

_LARGEST = 0.999  # correlation: a copied tile need not be better
_PRIOR_SD, _PRIOR_N = 0.25, 10  # of z, as if so many references had been seen before


@dataclass(frozen=True, eq=False)
class TileSums:
    """For each query and place, over the references so far: how many, sums of z and z squared, the largest z, whose.

    The arrays are added to, reference after reference, so that it does not matter how many come at once. Of
    references with equal z the first is kept.
    """

    sums: Float64[np.ndarray, "4 m places"]
    who: Int64[np.ndarray, "m places"]

    @staticmethod
    def empty(m: int, n_places: int) -> TileSums:
        """No reference yet."""
        return TileSums(np.zeros((4, m, n_places)), np.full((m, n_places), -1, dtype=np.int64))

    def add(
        self,
        products: Float32[np.ndarray, "tiles m n"],
        places: Int64[np.ndarray, "places tiles_each"],
        left_out: Bool[np.ndarray, "m n"],
        first: int,
    ) -> None:
        """Take in references `first` and following, whose tiles have these products with the queries' tiles."""
        z = np.empty(products.shape, dtype=np.float32)
        _to_z(products.ravel(), z.ravel(), 1 / LENGTH**2, _LARGEST)
        _take_in(z, places, left_out, first, self.sums, self.who)

    @property
    def striking(self) -> Float64[np.ndarray, "m places"]:
        """How many standard deviations the largest z is above the mean of all; -inf where there is none."""
        count, total, squares, most = self.sums
        variation = np.maximum(squares - total * total / np.maximum(count, 1), 0)
        deviation = np.sqrt((variation + _PRIOR_N * _PRIOR_SD**2) / (count + _PRIOR_N))
        return np.where(count > 0, (most - total / (count + _PRIOR_N)) / deviation, -np.inf)


@compiled
def _to_z(products, z, scale, largest):  # type: ignore[no-untyped-def]
    """Fisher's z of each correlation; 0 where a tile has no detail: it agrees with nobody."""
    for i in range(products.size):
        correlation = min(max(products[i] * scale, -largest), largest)
        z[i] = 0.5 * np.log((1 + correlation) / (1 - correlation))


@compiled
def _take_in(z, places, left_out, first, sums, who):  # type: ignore[no-untyped-def]
    n_tiles, n = places.shape[1], z.shape[2]
    mean = np.empty(n, dtype=np.float64)
    for i in range(z.shape[1]):
        for p in range(len(places)):
            mean[:] = 0.0
            for t in range(n_tiles):
                agreed = z[places[p, t], i]
                for j in range(n):
                    mean[j] += agreed[j]
            count, total = sums[0, i, p], sums[1, i, p]
            squares, most, best = sums[2, i, p], sums[3, i, p], who[i, p]
            for j in range(n):
                if left_out[i, j]:
                    continue
                one = mean[j] / n_tiles
                count += 1
                total += one
                squares += one * one
                if best < 0 or one > most:
                    most, best = one, first + j
            sums[0, i, p], sums[1, i, p] = count, total
            sums[2, i, p], sums[3, i, p], who[i, p] = squares, most, best
