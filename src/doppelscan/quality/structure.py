"""How alike are two images in structure? MS-SSIM in two dimensions and in three."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Shaped
from scipy import ndimage

__all__ = ["WEIGHTS", "ms_ssim"]

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, from fine to coarse (Wang et al. 2003)
_K1, _K2, _SIGMA, _RADIUS = 0.01, 0.03, 1.5, 5

Pixels = Float64[np.ndarray, "c *space"]


def ms_ssim(x: Shaped[np.ndarray, "c *space"], y: Shaped[np.ndarray, "c *space"], span: float) -> float:
    """The structural similarity over scales, Π cs_j^w_j · ssim_J^w_J (Wang et al. 2003); 1 for equal images.

    Windows are Gaussian, of deviation 1.5 and 11 pixels along each axis of space; `span` is the range that values may
    have. Each scale is half as large as the one before, along axes of at least two pixels. There are five, and fewer
    where a side would be shorter than the window, their weights scaled to 1; the window is no longer than a side.
    Contrast and structure that disagree on the whole count as 0, not as a root of a negative number.
    """
    a, b = x.astype(np.float64), y.astype(np.float64)
    weights = np.array(WEIGHTS[: n_scales(a.shape[1:])])
    if len(weights) < len(WEIGHTS):
        weights /= weights.sum()
    score = 1.0
    for scale, weight in enumerate(weights):
        whole, contrast = _similarity(a, b, span)
        score *= max(whole if scale == len(weights) - 1 else contrast, 0.0) ** weight
        a, b = _halved(a), _halved(b)
    return float(score)


def n_scales(space: tuple[int, ...]) -> int:
    """On how many scales images of this shape are compared.

    Examples
    --------
    >>> n_scales((224, 224)), n_scales((64, 64)), n_scales((8, 8))
    (5, 3, 1)
    """
    shortest = min(space)
    return max(1, sum(shortest >> scale > 2 * _RADIUS for scale in range(len(WEIGHTS))))


def _similarity(a: Pixels, b: Pixels, span: float) -> tuple[float, float]:
    """The mean over channels and places of luminance, contrast and structure, and of the latter two alone."""
    floor, spread_floor = (_K1 * span) ** 2 or 1e-12, (_K2 * span) ** 2 or 1e-12
    mean_a, mean_b = _averaged(a), _averaged(b)
    variance_a = (_averaged(a * a) - mean_a**2).clip(0)
    variance_b = (_averaged(b * b) - mean_b**2).clip(0)
    covariance = _averaged(a * b) - mean_a * mean_b
    contrast = (2 * covariance + spread_floor) / (variance_a + variance_b + spread_floor)
    luminance = (2 * mean_a * mean_b + floor) / (mean_a**2 + mean_b**2 + floor)
    return float((luminance * contrast).mean()), float(contrast.mean())


def _averaged(values: Pixels) -> Float64[np.ndarray, "c *inside"]:
    """Weighted means about each place whose whole window lies in the image."""
    for axis in range(1, values.ndim):
        radius = min(_RADIUS, (values.shape[axis] - 1) // 2)
        values = ndimage.gaussian_filter1d(values, _SIGMA, axis=axis, radius=radius)
        inside = [slice(None)] * values.ndim
        inside[axis] = slice(radius, values.shape[axis] - radius)
        values = values[tuple(inside)]
    return values


def _halved(values: Pixels) -> Float64[np.ndarray, "c *half"]:
    """Means of two neighbours along each axis that has two; an odd one at the end is left out."""
    for axis in range(1, values.ndim):
        pairs = values.shape[axis] // 2
        if pairs:
            first, second = (values.take(range(at, 2 * pairs, 2), axis=axis) for at in (0, 1))
            values = (first + second) / 2
    return values
