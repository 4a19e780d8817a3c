"""How the grid of an image is changed: resized, resampled to a spacing, cropped, padded. 2D and 3D alike.

Shrinking averages over the area that a new pixel covers; growing interpolates linearly between pixel centres.
Both are one sparse matrix for each axis, so that sums run in one order and give the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped
from scipy import sparse

from doppelscan.images.numbers import as_dtype, as_float

__all__ = ["Fit", "crop_or_pad", "fitted_shape", "resample", "resampled_length", "resize"]

Fit = Literal["stretch", "pad", "crop"]


def resize(pixels: Shaped[np.ndarray, "c *old"], shape: Sequence[int]) -> Shaped[np.ndarray, "c *new"]:
    """The image on `shape` pixels that cover the same field; integers are rounded back to their type."""
    steps = [old / new for old, new in zip(pixels.shape[1:], shape, strict=True)]
    return _on_grid(pixels, shape, steps)


def resample(
    pixels: Shaped[np.ndarray, "c *old"], spacing_mm: Sequence[float], target_mm: float
) -> Shaped[np.ndarray, "c *new"]:
    """The image at a spacing of exactly `target_mm` along each axis, about the same centre.

    The number of pixels is the nearest whole one, so the field may differ by half a pixel's width;
    what lies beyond the border repeats it.
    """
    steps = [target_mm / spacing for spacing in spacing_mm]
    shape = [resampled_length(old, step) for old, step in zip(pixels.shape[1:], steps, strict=True)]
    return _on_grid(pixels, shape, steps)


def resampled_length(n_pixels: int, step: float) -> int:
    """How many pixels an axis has when each is `step` old ones wide: at least one."""
    return max(1, round(n_pixels / step))


def fitted_shape(space: Sequence[int], frame: Sequence[int], fit: Fit) -> tuple[int, ...]:
    """The shape to resize to before cropping or padding to `frame`; "pad" and "crop" keep the aspect ratio.

    Examples
    --------
    >>> fitted_shape((100, 200), (64, 64), "pad"), fitted_shape((100, 200), (64, 64), "crop")
    ((32, 64), (64, 128))
    """
    if fit == "stretch":
        return tuple(frame)
    ratios = [new / old for old, new in zip(space, frame, strict=True)]
    ratio = min(ratios) if fit == "pad" else max(ratios)
    return tuple(max(1, round(old * ratio)) for old in space)


def crop_or_pad(
    pixels: Shaped[np.ndarray, "c *old"], shape: Sequence[int], fill: Shaped[np.ndarray, " c"] | float = 0.0
) -> Shaped[np.ndarray, "c *new"]:
    """The pixels about the centre, as they are, in a frame of `shape`; around them `fill`, one or by channel.

    Where an odd number of pixels is cropped or padded, the one more is at the end.
    """
    framed = np.empty((len(pixels), *shape), pixels.dtype)
    framed[...] = np.broadcast_to(fill, len(pixels)).reshape(-1, *(1 for _ in shape))
    source, target = zip(*map(_overlap, pixels.shape[1:], shape), strict=True)
    framed[:, *target] = pixels[:, *source]
    return framed


def _on_grid(
    pixels: Shaped[np.ndarray, "c *old"], shape: Sequence[int], steps: Sequence[float]
) -> Shaped[np.ndarray, "c *new"]:
    moved = [axis for axis, step in enumerate(steps) if (shape[axis], step) != (pixels.shape[axis + 1], 1)]
    if not moved:
        return pixels.copy()
    values = as_float(pixels)
    for axis in sorted(moved, key=lambda axis: steps[axis], reverse=True):  # what shrinks most goes first
        weights = _weights(pixels.shape[axis + 1], shape[axis], steps[axis]).astype(values.dtype)
        values = _along(axis + 1, weights, values)
    return np.ascontiguousarray(as_dtype(values, pixels.dtype))


def _along(
    axis: int, weights: sparse.csr_array, values: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "..."]:
    front = np.moveaxis(values, axis, 0)
    product = weights @ np.ascontiguousarray(front.reshape(len(front), -1))
    return np.moveaxis(product.reshape(len(product), *front.shape[1:]), 0, axis)


def _weights(n_old: int, n_new: int, step: float) -> sparse.csr_array:
    """The (n_new, n_old) matrix whose rows average old pixels; new ones are `step` wide, the centre stays."""
    start = (n_old - n_new * step) / 2
    if step > 1:
        return _area(n_old, start + step * np.arange(n_new + 1))
    return _linear(n_old, start + step * (np.arange(n_new) + 0.5) - 0.5)


def _area(n_old: int, edges: Float[np.ndarray, " edges"]) -> sparse.csr_array:
    """Weights by the share of the new pixel that each old one covers; nothing lies beyond the border."""
    edges = np.clip(edges, 0, n_old)
    first, last = edges[:-1, None], edges[1:, None]
    reach = int(np.ceil((last - first).max())) + 1
    columns = np.floor(first).astype(int) + np.arange(reach)
    covered = np.clip(np.minimum(columns + 1, last) - np.maximum(columns, first), 0, None)
    return _sparse(columns, covered / covered.sum(axis=1, keepdims=True), n_old)


def _linear(n_old: int, centres: Float[np.ndarray, " n"]) -> sparse.csr_array:
    """Weights by the distance to the two old pixels about each centre; the border repeats beyond itself."""
    centres = np.clip(centres, 0, n_old - 1)[:, None]
    columns = np.floor(centres).astype(int) + np.arange(2)
    return _sparse(columns, 1 - np.abs(centres - columns), n_old)


def _sparse(
    columns: Shaped[np.ndarray, "n reach"], weights: Float[np.ndarray, "n reach"], n_old: int
) -> sparse.csr_array:
    rows = np.broadcast_to(np.arange(len(columns))[:, None], columns.shape)
    used = weights > 0
    return sparse.csr_array((weights[used], (rows[used], columns[used])), shape=(len(columns), n_old))


def _overlap(n_old: int, n_new: int) -> tuple[slice, slice]:
    """Which pixels of an axis are kept, and where they go."""
    n_kept = min(n_old, n_new)
    source, target = (n_old - n_kept) // 2, (n_new - n_kept) // 2
    return slice(source, source + n_kept), slice(target, target + n_kept)
