"""Sums of floating-point numbers in one order, whoever adds them up: NumPy here, compiled loops in `kernels`.

Numbers are added in 256 lanes, number i in lane i modulo 256, and the lanes one after the other. Nothing depends on
what else is computed, on memory or on the processor, so that equal images have equal scores to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64

__all__ = ["LANES", "LEAST_REACH", "Centres", "centres", "products"]

LANES = 256
LEAST_REACH = 1e-300
"""Below which distances are not scaled up to 1: the inverse stays finite."""

Pairs = tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]]


@dataclass(frozen=True)
class Centres:
    """Of each image the mean, and the inverse of the farthest distance from it, by which it is scaled.

    The scaled distances from the mean add up to `off`, which is not quite zero, and their squares to `squares`.
    """

    mean: Float64[np.ndarray, "n"]
    scale: Float64[np.ndarray, "n"]
    off: Float64[np.ndarray, "n"]
    squares: Float64[np.ndarray, "n"]

    @staticmethod
    def empty(n: int) -> Centres:
        """Of n images, nothing yet."""
        return Centres(*np.empty((4, n)))

    def variation(self, d: int) -> Float64[np.ndarray, "n"]:
        """The sum of squares about the true mean, of images of d values."""
        return np.asarray(self.squares - self.off * self.off / d)


def centres(images: Float[np.ndarray, "n d"], which: Int64[np.ndarray, "q"], *, compiled: bool) -> Centres:
    """The centres of the images named, in compiled loops or by NumPy."""
    found = Centres.empty(len(which))
    if compiled:
        from doppelscan.search.kernels import fill_centres

        fill_centres(images, which, (found.mean, found.scale, found.off, found.squares))
        return found
    for at, i in enumerate(which):
        values = images[i].astype(np.float64)
        rough = _sum(values) / len(values)
        mean = rough + _sum(values - rough) / len(values)
        scale = 1 / max(np.abs(values - mean).max(), LEAST_REACH)
        centred = (values - mean) * scale
        found.mean[at], found.scale[at] = mean, scale
        found.off[at], found.squares[at] = _sum(centred), _sum(centred * centred)
    return found


def products(
    first: Float[np.ndarray, "m d"],
    second: Float[np.ndarray, "n d"],
    pairs: Pairs,
    about: tuple[Centres, Centres],
    places: Pairs,
    *,
    compiled: bool,
) -> Float64[np.ndarray, "p"]:
    """Of each pair of images the sum of products, both scaled about their centres, which are at these places."""
    (p, q), (x, y) = places, about
    scaling = np.stack([x.mean[p], x.scale[p], y.mean[q], y.scale[q]], axis=1)
    if compiled:
        from doppelscan.search.kernels import scaled_products

        return scaled_products(first, second, pairs, scaling)
    each = zip(*pairs, scaling, strict=True)
    return np.array(
        [_sum(_scaled(first[i], *s[:2]) * _scaled(second[j], *s[2:])) for i, j, s in each], dtype=float
    )


def _scaled(image: Float[np.ndarray, "d"], mean: float, scale: float) -> Float64[np.ndarray, "d"]:
    return np.asarray((image.astype(np.float64) - mean) * scale)


def _sum(values: Float64[np.ndarray, "d"]) -> float:
    """Their sum, lane by lane."""
    padded = np.zeros(-(-len(values) // LANES) * LANES)
    padded[: len(values)] = values
    lanes = np.add.reduce(padded.reshape(-1, LANES), axis=0)
    return float(np.add.accumulate(lanes)[-1])
