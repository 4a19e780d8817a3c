"""Which part of an image is that of another, once the two lie over each other? By their fine detail.

Broad shapes agree between all patients, fine detail only within one. What is finer than about a fiftieth of the image
is correlated in a window about each pixel; the part is where this reaches half of what it reaches at its best.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float64, Shaped
from scipy import ndimage

from doppelscan.encoders.shades import grey, no_longer_than, shrunk
from doppelscan.images.numbers import as_dtype, as_float

__all__ = ["agreement", "moved_onto", "outlined"]

_SIDE = 112  # pixels along the longest side at which detail is looked at
_NOISE, _DETAIL, _WINDOW = (
    0.7,
    2.0,
    3.0,
)  # of these pixels, standard deviations: finer and coarser is left out
_FLAT = 0.8  # of 255 shades: detail that is no more than this has no say
_OPENED = 2  # of these pixels: thinner bridges are cut
_BEST = 98  # percentile


def outlined(
    image: Shaped[np.ndarray, "c *space"], other: Shaped[np.ndarray, "c *space"]
) -> Bool[np.ndarray, "*space"]:
    """The largest connected part of the image that is also in the other, at the same place; all of a whole copy."""
    likeness = np.abs(agreement(image, other))  # an inverted copy agrees, too
    best = np.percentile(likeness, _BEST)
    part = ndimage.binary_opening(likeness > best / 2, iterations=_OPENED)
    label, n = ndimage.label(part)
    if not n:
        return np.zeros(image.shape[1:], dtype=bool)
    sizes = np.bincount(label.ravel())[1:]
    part = ndimage.binary_fill_holes(label == 1 + sizes.argmax())
    nearest = [
        np.minimum((np.arange(n) * s) // n, s - 1) for n, s in zip(image.shape[1:], part.shape, strict=True)
    ]
    return np.asarray(part[np.ix_(*nearest)])


def agreement(
    image: Shaped[np.ndarray, "c *space"], other: Shaped[np.ndarray, "c *space"]
) -> Float64[np.ndarray, "*small"]:
    """How well the fine detail of two images correlates about each pixel, at most 112 pixels along a side.

    Between -1 and 1, 0 where there is no detail; it does not change with brightness or contrast.
    """
    first, second = _detail(image), _detail(other)
    products = (first * second, first * first, second * second)
    both, *own = (ndimage.gaussian_filter(product, _WINDOW, mode="nearest") for product in products)
    correlation = both / np.sqrt((own[0] + _FLAT**2) * (own[1] + _FLAT**2))
    return np.asarray(correlation.clip(-1, 1))


def moved_onto(
    reference: Shaped[np.ndarray, "c h w"], transform: Float64[np.ndarray, "2 3"]
) -> Shaped[np.ndarray, "c h w"]:
    """The reference as it lies in a query whose pixel (x, y) is its `transform @ (x, y, 1)`.

    Linearly interpolated; beyond the reference its border repeats.
    """
    moved = [
        cv2.warpAffine(
            channel,
            transform,
            channel.shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for channel in as_float(reference)
    ]
    return as_dtype(np.stack(moved), reference.dtype)


def _detail(image: Shaped[np.ndarray, "c *space"]) -> Float64[np.ndarray, "*small"]:
    """What is finer than broad shapes and coarser than noise, in shades of 0 to 255."""
    shades = grey(image)[None]
    small = shrunk(shades, no_longer_than(_SIDE, shades.shape[1:]))[0] * np.float64(255)
    fine = ndimage.gaussian_filter(small, _NOISE, mode="nearest")
    return np.asarray(fine - ndimage.gaussian_filter(fine, _DETAIL, mode="nearest"))
