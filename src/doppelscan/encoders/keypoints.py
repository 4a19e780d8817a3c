"""Which points of an image can be recognised wherever they are, and how do they look?

SIFT (Lowe, IJCV 2004) on the image in shades of grey, its contrast equalised region by region (CLAHE), with descriptors
normalised as root-SIFT (Arandjelović and Zisserman, CVPR 2012): the inner product of two descriptors is the similarity
of their histograms. Nothing is learnt, so that every image set is served and no null is spent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import cv2
import numpy as np
from jaxtyping import Complex64, Float32, Int64, Shaped, UInt8

from doppelscan.errors import InputError, Problem
from doppelscan.settings import Resources

__all__ = ["ONE", "KeypointSettings", "Keypoints", "extract_keypoints", "inverted", "mirrored"]

ONE = 2.0**18
"""The product of a descriptor with itself, to within rounding."""

_N_BYTES = 128
_SCALE = 512.0  # a byte holds a component of up to one half; hardly any is larger
_LEAST_SIDE = 16  # pixels below which an image, enlarged, has no points
_TAILS = (0.5, 99.5)  # percentiles that become black and white


class Images(Protocol):
    """Images that can be read a few at a time."""

    def __len__(self) -> int: ...

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]: ...


@dataclass(frozen=True)
class KeypointSettings:
    """How points are found: in images of `side` pixels along the longest side, at most `most` in each.

    A point must differ from its surroundings by the share `contrast` of the grey range.
    """

    side: int = 192
    most: int = 300
    contrast: float = 0.01


@dataclass(frozen=True, eq=False)
class Keypoints:
    """The points of n images, image after image; image i has those from `starts[i]` to `starts[i + 1]`.

    Attributes
    ----------
    descriptors
        How the surroundings of each point look. Products of such bytes add up to less than 2**24, so that
        float32 holds them exactly, in whatever order they are summed.
    place
        Where each point is: x + iy in pixels of the image as stored, x along a row and y down.
    frame
        The size of its surroundings in these pixels, times exp(i direction).
    """

    descriptors: UInt8[np.ndarray, "p 128"]
    place: Complex64[np.ndarray, "p"]
    frame: Complex64[np.ndarray, "p"]
    starts: Int64[np.ndarray, "n_and_1"]
    space: tuple[int, int]

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.starts) - 1

    def of(self, image: int) -> slice:
        """Where the points of one image are."""
        return slice(int(self.starts[image]), int(self.starts[image + 1]))

    @property
    def image(self) -> Int64[np.ndarray, "p"]:
        """The image that each point is in."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def part(self, start: int, stop: int) -> Keypoints:
        """The points of consecutive images."""
        span = slice(int(self.starts[start]), int(self.starts[stop]))
        starts = self.starts[start : stop + 1] - self.starts[start]
        return Keypoints(self.descriptors[span], self.place[span], self.frame[span], starts, self.space)


def extract_keypoints(
    images: Images | Shaped[np.ndarray, "n c h w"],
    settings: KeypointSettings | None = None,
    *,
    resources: Resources | None = None,
) -> Keypoints:
    """The points of every image, strongest first; a constant image has none.

    Each image is looked at alone, so that nothing depends on its neighbours, on their number or on threads.
    Pixels pass through an eighth of `resources.memory`; 136 bytes a point are kept.

    Raises
    ------
    InputError
        If images have not two axes of space, or a pixel is NaN, infinite or no real number.
    """
    settings, resources = settings or KeypointSettings(), resources or Resources()
    found: list[Found] = []
    space = (0, 0)
    for pixels in _blocks(images, resources.memory // 8):
        _refuse_unless_films(pixels)
        space = pixels.shape[2:]
        with ThreadPoolExecutor(resources.workers) as pool:
            found += pool.map(lambda image: _points(image, settings), pixels)
    return _joined(found, space)


def mirrored(points: Keypoints) -> Keypoints:
    """The points that the images have when left and right are exchanged, without looking again.

    A descriptor holds 8 directions in each of 4 x 4 cells about its point. A mirror exchanges the rows of cells
    across the point's own direction, and the directions to its left and right.
    """
    place = (points.space[1] - 1) - points.place.conj()
    order = np.arange(_N_BYTES).reshape(4, 4, 8)[::-1][:, :, -np.arange(8) % 8].ravel()
    return Keypoints(points.descriptors[:, order], place, -points.frame.conj(), points.starts, points.space)


def inverted(points: Keypoints) -> Keypoints:
    """The points that the images have when black and white are exchanged, without looking again.

    All gradients turn about, and the point's own direction with them: the cells are read from the other corner.
    """
    order = np.arange(_N_BYTES).reshape(16, 8)[::-1].ravel()
    return Keypoints(points.descriptors[:, order], points.place, -points.frame, points.starts, points.space)


Found = tuple[UInt8[np.ndarray, "p 128"], Complex64[np.ndarray, "p"], Complex64[np.ndarray, "p"]]

_NOTHING: Found = (
    np.empty((0, _N_BYTES), dtype=np.uint8),
    np.empty(0, dtype=np.complex64),
    np.empty(0, dtype=np.complex64),
)


def _blocks(
    images: Images | Shaped[np.ndarray, "n *shape"], memory: int
) -> Iterator[Shaped[np.ndarray, "b *shape"]]:
    """The images, as many at once as memory holds."""
    start = 0
    while start < len(images):
        size = 1 if start == 0 else max(1, memory // max(1, pixels[:1].nbytes))
        stop = min(start + size, len(images))
        pixels = images[start:stop] if isinstance(images, np.ndarray) else images.read(start, stop)
        yield pixels
        start = stop


def _refuse_unless_films(pixels: Shaped[np.ndarray, "n *shape"]) -> None:
    if pixels.ndim != 4:
        raise InputError(
            Problem(
                f"keypoints need images with two axes of space, not {pixels.ndim - 2}",
                cure="cut volumes into slices with `doppelscan prepare --slices`",
            )
        )
    if not np.can_cast(pixels.dtype, np.float64, casting="same_kind"):
        raise InputError(Problem(f"pixels of type {pixels.dtype} are not real numbers"))
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise InputError(Problem("pixels are NaN or infinite", cure="mend or leave out these images"))


def _points(image: Shaped[np.ndarray, "c h w"], settings: KeypointSettings) -> Found:
    grey = _grey(image)
    if grey is None:
        return _NOTHING
    small = _resized(grey, settings.side)
    if min(small.shape) < _LEAST_SIDE:
        return _NOTHING
    sift, clahe = _detectors(threading.get_ident(), settings.contrast)
    points, descriptors = sift.detectAndCompute(clahe.apply(small), None)
    if not points:
        return _NOTHING
    strength = np.array([(-p.response, p.pt[0], p.pt[1], p.angle) for p in points])
    order = np.lexsort(strength.T[::-1])[: settings.most]
    where = np.array([(p.pt[0], p.pt[1], p.size, np.deg2rad(p.angle)) for p in points])[order]
    step = np.array(grey.shape[::-1]) / np.array(small.shape[::-1])
    x, y = (where[:, :2].T + 0.5) * step[:, None] - 0.5
    frame = where[:, 2] * step.mean() * np.exp(1j * where[:, 3])
    return _rooted(descriptors[order]), (x + 1j * y).astype(np.complex64), frame.astype(np.complex64)


def _grey(image: Shaped[np.ndarray, "c h w"]) -> UInt8[np.ndarray, "h w"] | None:
    """The mean of the channels, each over its own range, in 0 to 255; None for a constant image."""
    flat = image.reshape(len(image), -1).astype(np.float64)
    if not flat.size:
        return None
    low, high = flat.min(axis=1), flat.max(axis=1)
    if (low == high).all():
        return None
    width = np.where(high > low, high - low, 1.0)
    total = ((flat - low[:, None]) / width[:, None]).mean(axis=0)
    black, white = np.percentile(total, _TAILS)
    if black == white:
        black, white = total.min(), total.max()
    shades = np.clip((total - black) / max(white - black, np.finfo(float).tiny), 0, 1) * 255
    return np.asarray(np.rint(shades).astype(np.uint8).reshape(image.shape[1:]))


def _resized(grey: UInt8[np.ndarray, "h w"], side: int) -> UInt8[np.ndarray, "a b"]:
    factor = side / max(grey.shape)
    h, w = (max(1, round(length * factor)) for length in grey.shape)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (w, h), interpolation=how))


@cache
def _detectors(_thread: int, contrast: float) -> tuple[Any, Any]:
    """OpenCV's detector and equaliser: each thread has its own."""
    return (
        cv2.SIFT_create(nfeatures=0, contrastThreshold=contrast, edgeThreshold=10),
        cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)),
    )


def _rooted(descriptors: Float32[np.ndarray, "p 128"]) -> UInt8[np.ndarray, "p 128"]:
    shares = descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1)
    return np.asarray(np.minimum(np.rint(np.sqrt(shares) * _SCALE), 255).astype(np.uint8))


def _joined(found: list[Found], space: tuple[int, int]) -> Keypoints:
    starts = np.concatenate([[0], np.cumsum([len(place) for _, place, _ in found], dtype=np.int64)])
    descriptors, place, frame = (
        np.concatenate([_NOTHING[part], *(points[part] for points in found)]) for part in range(3)
    )
    return Keypoints(descriptors, place, frame, starts.astype(np.int64), space)
