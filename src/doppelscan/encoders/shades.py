"""What does an image show, whatever its type and channels? Shades of grey."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, Shaped, UInt8
from scipy import ndimage

from doppelscan.errors import InputError, Problem

__all__ = ["grey", "no_longer_than", "refuse_unless_finite", "resized", "shrunk"]

_TAILS = (0.5, 99.5)  # percentiles that become black and white
_LARGEST = np.float64(1e300)  # beyond it sums overflow


def grey(image: Shaped[np.ndarray, "c *space"]) -> UInt8[np.ndarray, "*space"]:
    """The mean of the channels, each over its own range, in 0 to 255; all 0 for a constant image."""
    if not image.size:
        return np.zeros(image.shape[1:], dtype=np.uint8)
    flat = image.reshape(len(image), -1).astype(np.float64)
    low, width = flat.min(axis=1), np.ptp(flat, axis=1)
    total = ((flat - low[:, None]) / np.where(width > 0, width, 1)[:, None]).mean(axis=0)
    black, white = np.percentile(total, _TAILS)
    if black == white:  # less than one pixel in a hundred differs
        black, white = total.min(), total.max()
    shares = (total - black) / (white - black if white > black else 1)
    return np.asarray(np.rint(255 * shares.clip(0, 1)).astype(np.uint8).reshape(image.shape[1:]))


def resized(image: Shaped[np.ndarray, "h w"], side: int) -> Shaped[np.ndarray, "a b"]:
    """The image with `side` pixels along its longest side: by areas if smaller, linearly if larger."""
    factor = side / max(image.shape)
    h, w = (max(1, round(length * factor)) for length in image.shape)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (w, h), interpolation=how))


def no_longer_than(side: int, space: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with at most `side` pixels along its longest side; nothing is enlarged."""
    factor = min(1.0, side / max(space))
    return tuple(max(1, round(length * factor)) for length in space)


def shrunk(image: Shaped[np.ndarray, "c *space"], small: tuple[int, ...]) -> Float32[np.ndarray, "c *small"]:
    """The image averaged to fewer pixels, from 0 to 1 over its range."""
    values = image.astype(np.float64)
    low, high = values.min(), values.max()
    values = ((values - low) / (high - low if high > low else 1.0)).astype(np.float32)
    if image.shape[1:] == small:
        return np.asarray(values)
    if len(small) == 2:
        return np.array(
            [cv2.resize(v, small[::-1], interpolation=cv2.INTER_AREA) for v in values], np.float32
        )
    factor = np.array(small) / np.array(image.shape[1:])
    smooth = ndimage.gaussian_filter(values, (0, *(0.5 / factor - 0.5)), mode="nearest")
    whole = [ndimage.zoom(v, factor, order=1, mode="nearest", grid_mode=True) for v in smooth]
    return np.stack(whole).astype(np.float32)


def refuse_unless_finite(pixels: Shaped[np.ndarray, "n c *space"]) -> None:
    """Raise InputError where a pixel is NaN, infinite, too large to be summed, or no real number."""
    if not np.can_cast(pixels.dtype, np.float64, casting="same_kind"):
        raise InputError(Problem(f"pixels of type {pixels.dtype} are not real numbers"))
    if pixels.dtype.kind == "f" and not (np.abs(pixels) < _LARGEST).all():
        what = "images hold values that are NaN, infinite or too large"
        raise InputError(Problem(what, cure="mend or leave out these images"))
