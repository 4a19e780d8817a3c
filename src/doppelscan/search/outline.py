"""Which part of an image is that of another, once the two lie over each other? By their fine detail.

Broad shapes agree between all patients, fine detail only within one. What is finer than about a fiftieth of the image
is correlated in a window about each pixel; the part is where this reaches half of what it reaches at its best.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float64, Shaped
from scipy import ndimage

from doppelscan.encoders.detail import agreement
from doppelscan.images.numbers import as_dtype, as_float

__all__ = ["agreement", "moved_onto", "outlined"]

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
