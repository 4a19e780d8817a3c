"""Where in a figure is a picture, and is it a training image? Windows of every size, by correlation."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Shaped, UInt8
from PIL import Image as Pillow

from doppelscan.imagesets import ImageSet
from doppelscan.release.layers import Layer
from doppelscan.workers import Progress, counted

__all__ = ["Looks", "photographs_in", "rasters_in", "too_large"]

Box = tuple[int, int, int, int]
Raster = UInt8[np.ndarray, "_ _"]

_SIDE = 16  # of a look, along the longer axis
_LEAST = 16  # pixels of a thumbnail that is looked for
_STEP = 1.06  # from one size of windows to the next
_LIKELY, _SURE = 0.85, 0.97  # correlation of looks, and of the pictures themselves
_SAME = 0.999
_WINDOW, _STRIDE = 16, 4
_FLAT_SHARE, _TONES = 0.15, 32  # of one tone in a window of a drawing, and how many tones it has less than
_MOST_PIXELS = 2**26
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")


def rasters_in(layer: Layer) -> Iterator[Raster]:
    """The picture that a layer is, if it is one of a size that can be looked at, in grey."""
    if layer.data.startswith(_MAGIC) and not too_large(layer):
        decoded = cv2.imdecode(np.frombuffer(layer.data, np.uint8), cv2.IMREAD_GRAYSCALE)
        if decoded is not None:
            yield decoded


def too_large(layer: Layer) -> bool:
    """Whether a layer is a picture that, unpacked, would fill the memory."""
    if not layer.data.startswith(_MAGIC):
        return False
    try:
        with Pillow.open(io.BytesIO(layer.data)) as picture:
            return picture.width * picture.height > _MOST_PIXELS
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        return True
    except (OSError, ValueError, SyntaxError):
        return False


def photographs_in(raster: Raster) -> list[Box]:
    """Where a raster has the many tones of a photograph, not those of a drawing: left, top, width, height."""
    if min(raster.shape) < _WINDOW:
        return []
    every: Any = np.lib.stride_tricks.sliding_window_view(raster, (_WINDOW, _WINDOW))
    views = every[::_STRIDE, ::_STRIDE]
    seen = np.zeros(views.shape[:2], dtype=np.uint8)
    for row, column in np.argwhere(_varied(raster)[: seen.shape[0], : seen.shape[1]]):
        seen[row, column] = _is_photograph(views[row, column])
    n, _, stats, _ = cv2.connectedComponentsWithStats(seen, connectivity=8)
    boxes = []
    for left, top, width, height, _ in stats[1:n].tolist():
        size = ((width - 1) * _STRIDE + _WINDOW, (height - 1) * _STRIDE + _WINDOW)
        boxes.append((left * _STRIDE, top * _STRIDE, *size))
    return boxes


@dataclass(frozen=True, eq=False)
class Looks:
    """How the images of a training set look: small, and each of one length, so that a product is a correlation.

    Of a volume, its three middle slices.
    """

    images: ImageSet
    shape: tuple[int, int]
    owners: tuple[int, ...]
    small: Float32[np.ndarray, "n d"]

    @staticmethod
    def of(images: ImageSet, progress: Progress) -> Looks:
        """The looks of every image."""
        owners: list[int] = []
        small: list[Float32[np.ndarray, " d"]] = []
        shape = _small_shape(images)
        for place, image in enumerate(counted(images, "looking at training images", len(images), progress)):
            for plane in _planes(image.pixels):
                owners.append(place)
                small.append(_unit(_resized(plane, shape)))
        return Looks(images, shape, tuple(owners), np.stack(small))

    def shown_in(self, raster: Raster) -> Iterator[str]:
        """The training images that are shown in it, at whatever size; each once."""
        seen: set[str] = set()
        margin = _STRIDE + _WINDOW
        for left, top, width, height in photographs_in(raster):
            part = raster[
                max(0, top - margin) : top + height + margin, max(0, left - margin) : left + width + margin
            ]
            for name in self._shown_in(part):
                if name not in seen:
                    seen.add(name)
                    yield name

    def same(self, pixels: Shaped[np.ndarray, "c *space"]) -> str | None:
        """The training image whose pixels, all of them, these are, but for noise that nobody sees; else None."""
        planes = _planes(pixels)
        best = np.max([self.small @ _unit(_resized(plane, self.shape)) for plane in planes], axis=0)
        for place in np.argsort(-best)[:3]:
            if best[place] > _LIKELY:
                other = self.images[self.owners[place]].pixels
                if other.shape == pixels.shape and _correlation(pixels, other) > _SAME:
                    return self._name(int(place))
        return None

    def _name(self, place: int) -> str:
        return str(self.images.table["id"].iloc[self.owners[place]])

    def _shown_in(self, part: Raster) -> Iterator[str]:
        side = float(_LEAST)
        while side <= 1.05 * max(part.shape):
            factor = 2 * max(self.shape) / side  # windows begin at every half of a look's pixel
            level = cv2.blur(
                cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), (2, 2)
            )
            if level.shape[0] >= 2 * self.shape[0] and level.shape[1] >= 2 * self.shape[1]:
                yield from self._shown_at(part, level, side)
            side *= _STEP

    def _shown_at(self, part: Raster, level: Raster, side: float) -> Iterator[str]:
        height, width = self.shape
        views = np.lib.stride_tricks.sliding_window_view(level, (2 * height, 2 * width))[..., ::2, ::2]
        best = np.full(len(self.small), -1.0, dtype=np.float32)
        for row in views:  # of windows, so that memory stays small
            windows = row.reshape(len(row), -1).astype(np.float32)
            windows -= windows.mean(axis=1, keepdims=True)
            windows /= np.maximum(np.linalg.norm(windows, axis=1, keepdims=True), 1e-6)
            best = np.maximum(best, np.max(windows @ self.small.T, axis=0))
        for place in np.argsort(-best)[:20]:
            if best[place] > _LIKELY and self._sure(part, int(place), side):
                yield self._name(int(place))

    def _sure(self, part: Raster, place: int, side: float) -> bool:
        """Whether the image itself, at about this size, is in the part."""
        image = self.images[self.owners[place]]
        for plane in _planes(image.pixels):
            for scale in (0.96, 0.98, 1.0, 1.02, 1.04):
                factor = scale * side / max(plane.shape)
                template = cv2.resize(plane, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
                if template.shape[0] <= part.shape[0] and template.shape[1] <= part.shape[1]:
                    found = cv2.matchTemplate(part.astype(np.float32), template, cv2.TM_CCOEFF_NORMED)
                    if float(found.max()) > _SURE:
                        return True
        return False


def _varied(raster: Raster) -> Bool[np.ndarray, "rows columns"]:
    """Which windows are neither flat nor full of white or black: of a drawing, next to none."""
    values = raster.astype(np.float64)
    ends = ((raster == 0) | (raster == 255)).astype(np.float64)
    mean, square, share = (
        cv2.boxFilter(one, -1, (_WINDOW, _WINDOW), anchor=(0, 0))[::_STRIDE, ::_STRIDE]
        for one in (values, values * values, ends)
    )
    return np.asarray((square - mean * mean > 16) & (share < 2 * _FLAT_SHARE))


def _is_photograph(window: Shaped[np.ndarray, "a b"]) -> bool:
    counts = np.bincount(window.ravel(), minlength=256)
    return bool(counts.max() < _FLAT_SHARE * window.size and np.count_nonzero(counts) > _TONES)


def _small_shape(images: ImageSet) -> tuple[int, int]:
    height, width = _planes(images[0].pixels)[0].shape
    longest = max(height, width)
    return max(4, round(_SIDE * height / longest)), max(4, round(_SIDE * width / longest))


def _planes(pixels: Shaped[np.ndarray, "c *space"]) -> list[Float32[np.ndarray, "_ _"]]:
    """The image in grey; of a volume the three middle slices."""
    grey = np.nan_to_num(pixels.astype(np.float32).mean(axis=0))
    if grey.ndim == 2:
        return [grey]
    return [np.ascontiguousarray(grey.take(n // 2, axis)) for axis, n in enumerate(grey.shape)]


def _resized(plane: Float32[np.ndarray, "_ _"], shape: tuple[int, int]) -> Float32[np.ndarray, "_ _"]:
    return np.asarray(cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.float32)


def _unit(small: Float32[np.ndarray, "_ _"]) -> Float32[np.ndarray, " d"]:
    centred = small.ravel() - small.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-6), dtype=np.float32)


def _correlation(a: Shaped[np.ndarray, "c *space"], b: Shaped[np.ndarray, "c *space"]) -> float:
    first, second = (one.astype(np.float64).ravel() - float(one.mean()) for one in (a, b))
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length > 0 else float(np.array_equal(a, b))
