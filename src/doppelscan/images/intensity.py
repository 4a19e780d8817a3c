"""How values become 8-bit intensities, and which values are none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Shaped, UInt8

from doppelscan.errors import UnreadableImage
from doppelscan.images.image import Image
from doppelscan.images.numbers import as_dtype, as_float

__all__ = ["by_maximum", "by_percentiles", "by_window", "check_finite", "to_uint8"]


def check_finite(image: Image) -> None:
    """Raise UnreadableImage where a value of the image is NaN or infinite."""
    if image.stored.dtype.kind == "f":
        n_bad = image.stored.size - int(np.count_nonzero(np.isfinite(image.stored)))
        if n_bad:
            raise UnreadableImage(f"holds NaN or infinite values ({n_bad:,} of {image.stored.size:,})")
    if not np.isfinite([image.slope, image.intercept]).all():
        raise UnreadableImage(f"rescales its values by {image.slope} and {image.intercept}")


def by_percentiles(image: Image, low: float, high: float) -> Image:
    """The image in 0 to 255, from one percentile to the other of each channel."""
    values = image.pixels
    limits = np.percentile(values.reshape(len(values), -1), [low, high], axis=1)
    return _scaled(image, values, limits[0], limits[1])


def by_window(image: Image, centre: float, width: float) -> Image:
    """The image in 0 to 255 over the window of values `width` wide about `centre`."""
    whole = np.ones(len(image.stored))
    return _scaled(image, image.pixels, whole * (centre - width / 2), whole * (centre + width / 2))


def by_maximum(image: Image) -> Image:
    """The image in 0 to 255 by the largest value of each channel; what is below 0 is 0 (paper A)."""
    values = image.pixels
    largest = values.reshape(len(values), -1).max(axis=1)
    return _scaled(image, values, np.zeros(len(values)), largest.astype(np.float64))


def to_uint8(
    values: Shaped[np.ndarray, "c *space"], low: Float[np.ndarray, " c"], high: Float[np.ndarray, " c"]
) -> UInt8[np.ndarray, "c *space"]:
    """The values in 0 to 255 from `low` to `high` of each channel; 0 where a channel has no such range."""
    floats = as_float(values)
    each = (-1, *(1 for _ in values.shape[1:]))
    width = np.where(high > low, high - low, np.inf).reshape(each).astype(floats.dtype)
    return as_dtype((floats - low.reshape(each).astype(floats.dtype)) * (255 / width), np.dtype(np.uint8))


def _scaled(
    image: Image,
    values: Shaped[np.ndarray, "c *space"],
    low: Float[np.ndarray, " c"],
    high: Float[np.ndarray, " c"],
) -> Image:
    return replace(image, stored=to_uint8(values, low, high), slope=1.0, intercept=0.0)
