"""Where does the fine detail of two images agree? Broad shapes agree between all patients, fine detail within one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Shaped
from scipy import ndimage

from doppelscan.encoders.shades import grey, no_longer_than, shrunk

__all__ = ["agreement"]

_SIDE = 112  # pixels along the longest side at which detail is looked at
_NOISE, _DETAIL = (
    0.7,
    2.0,
)  # of these pixels, standard deviations: what is finer and what is coarser is left out
_WINDOW = 3.0  # of one correlation
_FLAT = 0.8  # of 255 shades: detail that is no more than this has no say


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


def _detail(image: Shaped[np.ndarray, "c *space"]) -> Float64[np.ndarray, "*small"]:
    """What is finer than broad shapes and coarser than noise, in shades of 0 to 255."""
    shades = grey(image)[None]
    small = shrunk(shades, no_longer_than(_SIDE, shades.shape[1:]))[0] * np.float64(255)
    fine = ndimage.gaussian_filter(small, _NOISE, mode="nearest")
    return np.asarray(fine - ndimage.gaussian_filter(fine, _DETAIL, mode="nearest"))
