"""What the correlation of two images is, to the accuracy of float64.

Images of at most 16 bits a pixel are scored in integers: with the integers p, q next to the means and
n pixels, S = Σ (x - p)(y - q) and the sums a = Σ (x - p), b = Σ (y - q), all exact, the covariance is
S - ab / n, where nothing cancels. All else is multiplied in float64, and p, q are the means as rounded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64, Integer, Shaped

from doppelscan.search.lanes import centres, products

__all__ = ["Sums", "exact_correlations", "is_narrow", "variation", "worth_compiled"]

_FLOATS_A_PAIR = 4  # float64 values held for each pixel of a pair, temporaries included
_WORTH_COMPILED = 2**24
_FLOATS = (np.float32, np.float64)
_EXACT_IN_FLOAT = 2**53

Pairs = tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]]
Products = Callable[[np.ndarray, np.ndarray, Pairs], np.ndarray]


@dataclass(frozen=True)
class Sums:
    """Of images of integers: the integer next to the mean, what the sum is over it, the variation."""

    near: Int64[np.ndarray, "n"]
    off: Int64[np.ndarray, "n"]
    variation: Float64[np.ndarray, "n"]

    @staticmethod
    def of(total: Int64[np.ndarray, "n"], variation: Float64[np.ndarray, "n"], d: int) -> Sums:
        """Those of images of d values, from their sums and what `variation` gives."""
        return Sums(*_about(total, d), variation)

    @staticmethod
    def joined(parts: Sequence[Sums | None]) -> Sums | None:
        """Those of images that were summed part by part; None where a part was not."""
        known = [part for part in parts if part]
        if len(known) < len(parts):
            return None
        near, off, varied = zip(*((part.near, part.off, part.variation) for part in known), strict=True)
        return Sums(np.concatenate(near), np.concatenate(off), np.concatenate(varied))

    def take(self, which: Int64[np.ndarray, "p"] | slice) -> Sums:
        """Those of some of the images."""
        return Sums(self.near[which], self.off[which], self.variation[which])


def exact_correlations(
    first: Shaped[np.ndarray, "m *shape"],
    second: Shaped[np.ndarray, "n *shape"],
    pairs: Pairs,
    *,
    memory: int,
    known: tuple[Sums, Sums] | None = None,
) -> Float64[np.ndarray, "p"]:
    """The Pearson correlation of `first[pairs[0][i]]` with `second[pairs[1][i]]`, for each i.

    Within about 1e-12 of the true value, and exactly 1 for identical pixels. It depends on the two
    images alone, not on what else is in the block, so that equal references tie exactly. At most about
    `memory` bytes are used (and what one pair needs). Neither image of a pair may be constant. The sums of images
    of at most 16 bits are taken here unless they are `known`.
    """
    first, second = first.reshape(len(first), -1), second.reshape(len(second), -1)
    if is_narrow(first.dtype) and is_narrow(second.dtype):
        return _of_integers(first, second, pairs, known)
    if first.dtype in _FLOATS and second.dtype in _FLOATS:
        return _of_numbers(first, second, pairs)
    scores = np.empty(len(pairs[0]))
    for part in _parts(len(scores), memory // (8 * _FLOATS_A_PAIR * max(1, first[:1].size))):
        rows, x = _as_float64(first, pairs[0][part])
        columns, y = _as_float64(second, pairs[1][part])
        scores[part] = _of_numbers(x, y, (rows, columns))
    return scores


def is_narrow(dtype: np.dtype) -> bool:
    """Whether images of this type are scored in integers."""
    return dtype.kind in "ui" and dtype.itemsize <= 2 and dtype.isnative


def worth_compiled(n_pixels: int) -> bool:
    """Whether compiled loops over so many pixels pay, which take a second to load, once."""
    return n_pixels >= _WORTH_COMPILED or (n_pixels > 0 and "doppelscan.search.kernels" in sys.modules)


def variation(
    total: Int64[np.ndarray, "n"], squares: Int64[np.ndarray, "n"], d: int
) -> Float64[np.ndarray, "n"]:
    """Σ (x - mean)² from Σ x and Σ x² of integers: about the integer next to the mean, where nothing cancels."""
    near, off = _about(total, d)
    about = squares - near * (2 * off + d * near)
    return np.asarray(about - off.astype(np.float64) ** 2 / d)


def _about(total: Int64[np.ndarray, "n"], d: int) -> tuple[Int64[np.ndarray, "n"], Int64[np.ndarray, "n"]]:
    """The integers next to means, and what sums are over d times them."""
    near = np.rint(total / d).astype(np.int64)
    return near, total - d * near


def _parts(n: int, size: int) -> Iterator[slice]:
    size = max(1, size)
    return (slice(start, start + size) for start in range(0, n, size))


def _of_integers(
    first: Integer[np.ndarray, "m d"],
    second: Integer[np.ndarray, "n d"],
    pairs: Pairs,
    known: tuple[Sums, Sums] | None,
) -> Float64[np.ndarray, "p"]:
    """Of x and y, (S_xy - ab / n) / √(the same of x and x, times that of y and y)."""
    d = first.shape[1]
    products = _compiled_products if worth_compiled(len(pairs[0]) * d) else _products
    if known:
        x, y = known[0].take(pairs[0]), known[1].take(pairs[1])
    else:
        x, y = _sums(first, pairs[0], products), _sums(second, pairs[1], products)
    about = products(first, second, pairs) - x.near * (y.off + d * y.near) - y.near * x.off
    return _ratio(about - x.off.astype(np.float64) * y.off / d, x.variation, y.variation)


def _sums(images: Integer[np.ndarray, "n d"], which: Int64[np.ndarray, "p"], products: Products) -> Sums:
    """Those of the images named; each is read once."""
    d = images.shape[1]
    unique, place = np.unique(which, return_inverse=True)
    ones = np.ones((1, d), dtype=images.dtype)
    total = products(ones, images, (np.zeros_like(unique), unique))
    squares = products(images, images, (unique, unique))
    return Sums.of(total, variation(total, squares, d), d).take(place)


def _products(
    first: Integer[np.ndarray, "m d"], second: Integer[np.ndarray, "n d"], pairs: Pairs
) -> Int64[np.ndarray, "p"]:
    """Σ xy of each pair, exact: in float64 where no partial sum reaches 2^53, which is the faster."""
    largest = 2 ** (8 * (first.itemsize + second.itemsize))
    whole = np.float64 if first.shape[1] * largest <= _EXACT_IN_FLOAT else np.int64
    rows = (first[i].astype(whole) for i in pairs[0])
    columns = (second[j].astype(whole) for j in pairs[1])
    products = (np.einsum("d,d->", x, y) for x, y in zip(rows, columns, strict=True))
    return np.fromiter(products, whole, len(pairs[0])).astype(np.int64)


def _compiled_products(
    first: Integer[np.ndarray, "m d"], second: Integer[np.ndarray, "n d"], pairs: Pairs
) -> Int64[np.ndarray, "p"]:
    from doppelscan.search.kernels import integer_products

    return integer_products(first, second, pairs)


def _as_float64(
    images: Shaped[np.ndarray, "n d"], which: Int64[np.ndarray, "p"]
) -> tuple[Int64[np.ndarray, "p"], Float64[np.ndarray, "q d"]]:
    """The images named, each once, and where among them each of `which` is."""
    unique, place = np.unique(which, return_inverse=True)
    return place, images[unique].astype(np.float64)


def _of_numbers(
    first: Float[np.ndarray, "m d"], second: Float[np.ndarray, "n d"], pairs: Pairs
) -> Float64[np.ndarray, "p"]:
    """The same of numbers that are scaled, about means that are rounded."""
    d, compiled = first.shape[1], worth_compiled(len(pairs[0]) * first.shape[1])
    (unique_x, at_x), (unique_y, at_y) = (np.unique(which, return_inverse=True) for which in pairs)
    x, y = centres(first, unique_x, compiled=compiled), centres(second, unique_y, compiled=compiled)
    about = products(first, second, pairs, (x, y), (at_x, at_y), compiled=compiled)
    return _ratio(about - x.off[at_x] * y.off[at_y] / d, x.variation(d)[at_x], y.variation(d)[at_y])


def _ratio(
    xy: Float64[np.ndarray, "p"], xx: Float64[np.ndarray, "p"], yy: Float64[np.ndarray, "p"]
) -> Float64[np.ndarray, "p"]:
    correlations: Float64[np.ndarray, "p"] = xy / np.sqrt(xx * yy)
    return correlations.clip(-1.0, 1.0)
