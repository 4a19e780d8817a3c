"""Which part of an image is that of another, once the two lie over each other? By their fine detail.

Broad shapes agree between all patients, fine detail only within one. What is finer than about a fiftieth of the image
is correlated in a window about each pixel; the part is where this reaches half of what it reaches at its best. Of small
and smooth parts, as lesions are, nothing but the grain is their own; they are looked for by the finest detail there is.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Shaped
from scipy import ndimage

from doppelscan.encoders.detail import agreement
from doppelscan.encoders.shades import no_longer_than, shrunk
from doppelscan.search.tile_grid import Detail

__all__ = ["finely_outlined", "outlined"]

_OPENED = 2  # of these pixels: thinner bridges are cut
_BEST = 98  # percentile
_FINE_SIDE, _FINE_WINDOW, _FINE_OPENED = 224, 2.5, 3  # pixels
_FINE_AGREES = 0.5  # which strangers' finest detail does in smaller places only


def outlined(
    image: Shaped[np.ndarray, "c *space"], other: Shaped[np.ndarray, "c *space"]
) -> Bool[np.ndarray, "*space"]:
    """The largest connected part of the image that is also in the other, at the same place; all of a whole copy."""
    likeness = np.abs(agreement(image, other))  # an inverted copy agrees, too
    best = np.percentile(likeness, _BEST)
    part = ndimage.binary_opening(likeness > best / 2, iterations=_OPENED)
    return _stretched(_largest(part), image.shape[1:])


def finely_outlined(
    image: Shaped[np.ndarray, "c *space"], other: Shaped[np.ndarray, "c *space"]
) -> Bool[np.ndarray, "*space"]:
    """The largest connected part whose finest detail is also in the other, at the same place; mostly none.

    Noise and blur hide it.
    """
    agrees = _fine_agreement(image, other) > _FINE_AGREES
    part = _largest(ndimage.binary_opening(agrees, iterations=_FINE_OPENED))
    grown = ndimage.binary_dilation(part, iterations=_FINE_OPENED)  # near its border less agrees
    return _stretched(grown, image.shape[1:])


def _fine_agreement(
    image: Shaped[np.ndarray, "c *space"], other: Shaped[np.ndarray, "c *space"]
) -> Float64[np.ndarray, "*small"]:
    """The correlation of the finest detail about each pixel, over all channels; small where there is little of it."""
    small, detail = no_longer_than(_FINE_SIDE, image.shape[1:]), Detail()
    a, b = (detail.of(shrunk(one, small)).astype(np.float64) for one in (image, other))

    def mean(values: Float64[np.ndarray, "c *small"]) -> Float64[np.ndarray, "c *small"]:
        return np.stack(
            [ndimage.gaussian_filter(channel, _FINE_WINDOW, mode="nearest") for channel in values]
        )

    both = (mean(a * b) - mean(a) * mean(b)).sum(axis=0)
    own = [(mean(one * one) - mean(one) ** 2 + detail.grain**2).sum(axis=0) for one in (a, b)]
    return np.asarray(both / np.sqrt(own[0] * own[1]))


def _largest(part: Bool[np.ndarray, "*small"]) -> Bool[np.ndarray, "*small"]:
    """Its largest connected piece, without holes."""
    label, n = ndimage.label(part)
    if not n:
        return np.zeros_like(part)
    sizes = np.bincount(label.ravel())[1:]
    return np.asarray(ndimage.binary_fill_holes(label == 1 + sizes.argmax()))


def _stretched(part: Bool[np.ndarray, "*small"], space: tuple[int, ...]) -> Bool[np.ndarray, "*space"]:
    """The same in an image of this shape."""
    nearest = [np.minimum((np.arange(n) * s) // n, s - 1) for n, s in zip(space, part.shape, strict=True)]
    return np.asarray(part[np.ix_(*nearest)])
