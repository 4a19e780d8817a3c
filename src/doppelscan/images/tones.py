"""How the values of an image are changed where they are: noise, blur, contrast, resolution, another image.

Each channel is changed by its own range, deviation or quantiles; a constant one stays as it is.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float
from scipy import ndimage

from doppelscan.images.geometry import resize

__all__ = ["blend", "blur", "clipping", "downsampling", "gamma", "inversion", "noise"]

Values = Float[np.ndarray, "c *space"]


def noise(values: Values, share: float, rng: np.random.Generator) -> Values:
    """Normal noise; by its strength alone, the copy correlates with its source by 1 / sqrt(1 + share**2)."""
    deviation = values.std(axis=_space(values), keepdims=True)
    return np.asarray(values + share * deviation * rng.standard_normal(values.shape, values.dtype.type))


def blur(values: Values, share: float, _rng: np.random.Generator) -> Values:
    """Gaussian blur whose standard deviation is a share of the longest side."""
    sigma = share * max(values.shape[1:])
    if values.ndim > 3:
        return np.asarray(ndimage.gaussian_filter(values, sigma, mode="nearest", axes=_space(values)))
    size = 2 * int(4 * sigma + 0.5) + 1  # cut off where SciPy does
    blurred = [
        cv2.GaussianBlur(channel, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
        for channel in np.ascontiguousarray(values)
    ]
    return np.stack(blurred)


def gamma(values: Values, largest: float, rng: np.random.Generator) -> Values:
    """Each channel, in 0 to 1 over its range, to the power of one exponent from 1/largest to largest."""
    exponent = largest ** rng.uniform(-1, 1)
    low, width = _range(values)
    return np.asarray(low + width * ((values - low) / np.where(width > 0, width, 1)) ** exponent)


def downsampling(values: Values, times: float, _rng: np.random.Generator) -> Values:
    """Averaged to so many times fewer pixels along each axis, and enlarged again."""
    space = values.shape[1:]
    return resize(resize(values, [max(1, round(length / times)) for length in space]), space)


def inversion(values: Values, _strength: float, _rng: np.random.Generator) -> Values:
    """White for black."""
    low, width = _range(values)
    return np.asarray(2 * low + width - values)


def clipping(values: Values, share: float, rng: np.random.Generator) -> Values:
    """A window that clips this share of the pixels, dark and bright ones by chance, put over the old range."""
    below = share * rng.random()
    dark, bright = np.quantile(values, [below, 1 - share + below], axis=_space(values), keepdims=True)
    dark, bright = dark.astype(values.dtype), bright.astype(values.dtype)
    low, width = _range(values)
    stretched = low + width * (np.clip(values, dark, bright) - dark) / np.where(
        bright > dark, bright - dark, 1
    )
    return np.where(bright > dark, stretched, values)


def blend(values: Values, other: Values, share: float) -> Values:
    """The image with this share of another, that is first given each channel's mean and deviation."""
    space = _space(values)
    mean, deviation = (f(axis=space, keepdims=True) for f in (values.mean, values.std))
    unlike = other.std(axis=space, keepdims=True)
    fitted = (other - other.mean(axis=space, keepdims=True)) * (deviation / np.where(unlike > 0, unlike, 1))
    return np.asarray((1 - share) * values + share * (mean + fitted))


def _range(values: Values) -> tuple[Float[np.ndarray, "c ..."], Float[np.ndarray, "c ..."]]:
    """The smallest value of each channel, and how far the largest is from it."""
    space = _space(values)
    return values.min(axis=space, keepdims=True), np.ptp(values, axis=space, keepdims=True)


def _space(values: Values) -> tuple[int, ...]:
    return tuple(range(1, values.ndim))
