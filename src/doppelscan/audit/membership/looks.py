"""What does an image look like, in a few numbers that know no model? Coarse picture, tones, detail."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Shaped

from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources

__all__ = ["Looks", "Span", "looks_of", "span_of"]

_PLACES = 64  # of the coarse picture of a channel
_TONES = 16
_SCALES = 4  # from neighbouring pixels to those eight apart
_LEAST = 1e-10  # of a mean square, so that its logarithm is a number

Stack = Float64[np.ndarray, "n c *space"]


@dataclass(frozen=True)
class Span:
    """The least and the largest value of each channel."""

    low: Float64[np.ndarray, " c"]
    high: Float64[np.ndarray, " c"]


@dataclass(frozen=True, eq=False)
class Looks:
    """Images in numbers, a row each.

    Attributes
    ----------
    coarse
        Means over at most 64 places of each channel.
    tones
        The share of pixels in each of 16 equal parts of the channel's span.
    detail
        Of each channel the mean, and the logarithm of the mean squared difference of pixels 1, 2, 4, 8 apart: how
        hard an image is to foretell.
    """

    coarse: Float64[np.ndarray, "n a"]
    tones: Float64[np.ndarray, "n b"]
    detail: Float64[np.ndarray, "n d"]

    @property
    def all(self) -> Float64[np.ndarray, "n f"]:
        """All of them."""
        return np.hstack([self.coarse, self.tones, self.detail])


def span_of(*sets: ImageSet, resources: Resources) -> Span:
    """The span of all sets together."""
    blocks = [_extremes(block) for images in sets for block in _blocks(images, resources)]
    return Span(np.min([low for low, _ in blocks], axis=0), np.max([high for _, high in blocks], axis=0))


def looks_of(images: ImageSet, span: Span, resources: Resources) -> Looks:
    """The looks of each image, its channels scaled from their span to 0 to 1; a few blocks are held at once."""
    parts = [_looks(_scaled(block, span)) for block in _blocks(images, resources)]
    return Looks(*(np.concatenate([part[i] for part in parts]) for i in range(3)))


def _blocks(images: ImageSet, resources: Resources) -> Iterator[Shaped[np.ndarray, "n c *space"]]:
    size = max(1, resources.memory // 8 // (8 * math.prod(images.shape)))
    return (images.read(start, min(start + size, len(images))) for start in range(0, len(images), size))


def _extremes(
    block: Shaped[np.ndarray, "n c *space"],
) -> tuple[Float64[np.ndarray, " c"], Float64[np.ndarray, " c"]]:
    others = (0, *range(2, block.ndim))
    return block.min(axis=others).astype(np.float64), block.max(axis=others).astype(np.float64)


def _scaled(block: Shaped[np.ndarray, "n c *space"], span: Span) -> Stack:
    wide = (1, -1) + (1,) * (block.ndim - 2)
    width = np.where(span.high > span.low, span.high - span.low, 1.0)
    return np.asarray((block - span.low.reshape(wide)) / width.reshape(wide), dtype=np.float64)


def _looks(pixels: Stack) -> tuple[Float64[np.ndarray, "n a"], ...]:
    n, n_axes = len(pixels), pixels.ndim - 2
    most = round(_PLACES ** (1 / n_axes))
    coarse = _averaged(pixels, [min(length, most) for length in pixels.shape[2:]])
    return coarse.reshape(n, -1), _tones(pixels), _detail(pixels)


def _averaged(pixels: Stack, shape: list[int]) -> Float64[np.ndarray, "n c *coarse"]:
    """The means of parts that are as equal as whole pixels allow."""
    for axis, n_parts in enumerate(shape, start=2):
        starts = np.arange(n_parts) * pixels.shape[axis] // n_parts
        lengths = np.diff([*starts, pixels.shape[axis]])
        along = [1] * pixels.ndim
        along[axis] = n_parts
        pixels = np.add.reduceat(pixels, starts, axis=axis) / lengths.reshape(along)
    return pixels


def _tones(pixels: Stack) -> Float64[np.ndarray, "n b"]:
    n, n_channels = pixels.shape[:2]
    tone = np.clip((pixels * _TONES).astype(np.int64), 0, _TONES - 1).reshape(n * n_channels, -1)
    rows = np.arange(n * n_channels)[:, None] * _TONES
    counts = np.bincount((rows + tone).ravel(), minlength=n * n_channels * _TONES)
    return counts.reshape(n, -1) / tone.shape[1]


def _detail(pixels: Stack) -> Float64[np.ndarray, "n d"]:
    columns = [pixels.mean(axis=tuple(range(2, pixels.ndim)))]
    for _ in range(_SCALES):
        squares = [
            np.square(np.diff(pixels, axis=axis)).mean(axis=tuple(range(2, pixels.ndim)))
            for axis in range(2, pixels.ndim)
            if pixels.shape[axis] > 1
        ]
        if not squares:
            break
        columns.append(np.log(np.mean(squares, axis=0) + _LEAST))
        pixels = _averaged(pixels, [max(1, length // 2) for length in pixels.shape[2:]])
    return np.hstack(columns)
