"""Which points of an image can be recognised wherever they are, and how do they look? By SIFT.

SIFT (Lowe, IJCV 2004) on the image in shades of grey, its contrast equalised region by region (CLAHE), with descriptors
normalised as root-SIFT (Arandjelović and Zisserman, CVPR 2012): the inner product of two descriptors is the similarity
of their histograms. Nothing is learnt, so that every image set is served and no null is spent.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
import pandas as pd
from jaxtyping import Complex64, Float32, Int64, Shaped, UInt8

from doppelscan.encoders.shades import grey, refuse_unless_finite, resized
from doppelscan.errors import InputError, Problem
from doppelscan.settings import Resources
from doppelscan.workers import single_threaded_vision

__all__ = ["ONE", "KeypointSettings", "Keypoints", "extract_keypoints", "inverted", "joined", "mirrored"]

ONE = 2.0**18
"""The product of a descriptor with itself, to within rounding."""

_N_BYTES = 128  # of a descriptor
_BYTES_A_POINT = _N_BYTES + 16
_SCALE = 512.0  # a byte holds a component of up to one half; hardly any is larger
_LEAST_SIDE = 16  # pixels below which an image, enlarged, has no points


@runtime_checkable
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

    def as_table(self) -> pd.DataFrame:
        """A row a point: the position of its image, where it is, and its descriptor."""
        where = {"image": self.image} | {
            f"{of} {part}": getattr(getattr(self, of), part)
            for of in ("place", "frame")
            for part in ("real", "imag")
        }
        columns = [str(i) for i in range(_N_BYTES)]
        return pd.concat([pd.DataFrame(where), pd.DataFrame(self.descriptors, columns=columns)], axis=1)

    @staticmethod
    def of_table(table: pd.DataFrame, n: int, space: tuple[int, int]) -> Keypoints:
        """The points of n images of this shape, from the table of them."""
        starts = np.searchsorted(table["image"].to_numpy(), np.arange(n + 1)).astype(np.int64)
        place, frame = (
            (table[f"{of} real"] + 1j * table[f"{of} imag"]).to_numpy(np.complex64)
            for of in ("place", "frame")
        )
        descriptors = table[[str(i) for i in range(_N_BYTES)]].to_numpy(np.uint8)
        return Keypoints(descriptors, place, frame, starts, space)


def joined(parts: list[Keypoints]) -> Keypoints:
    """The points of images that were looked at part by part, at least one, in order."""
    counts = np.concatenate([np.diff(part.starts) for part in parts])
    descriptors, place, frame = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("descriptors", "place", "frame")
    )
    starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    return Keypoints(descriptors, place, frame, starts, parts[0].space)


def extract_keypoints(
    images: Images,
    settings: KeypointSettings | None = None,
    *,
    resources: Resources | None = None,
) -> Keypoints:
    """The points of every image, strongest first; a constant image has none.

    Each image is looked at alone, so that nothing depends on its neighbours, on their number or on threads.
    Pixels pass through an eighth of `resources.memory`; of each point 144 bytes are kept, and must fit in half of it.

    Raises
    ------
    InputError
        If images have not two axes of space, a pixel is NaN, infinite or no real number, or points do not fit.
    """
    settings, resources = settings or KeypointSettings(), resources or Resources()
    _refuse_too_many(len(images) * settings.most, resources.memory // 2)
    found: list[Found] = []
    space = (0, 0)
    for pixels in _blocks(images, resources.memory // 8):
        _refuse_unless_films(pixels)
        space = pixels.shape[2:]
        with single_threaded_vision(), ThreadPoolExecutor(resources.threads) as pool:
            found += pool.map(partial(_found, settings=settings), pixels)
    return _joined(found, space)


def mirrored(points: Keypoints) -> Keypoints:
    """The points that the images have when left and right are exchanged, without looking again.

    A descriptor holds 8 directions in each of 4 x 4 cells about its point. A mirror exchanges the rows of cells
    across the point's own direction, and the directions to its left and right.
    """
    place = (points.space[1] - 1) - points.place.conj()
    order = np.arange(_N_BYTES).reshape(4, 4, 8)[::-1][:, :, -np.arange(8) % 8].ravel()
    descriptors = points.descriptors.take(order, axis=1)  # indexed, they would not lie one after the other
    return Keypoints(descriptors, place, -points.frame.conj(), points.starts, points.space)


def inverted(points: Keypoints) -> Keypoints:
    """The points that the images have when black and white are exchanged, without looking again.

    All gradients turn about, and the point's own direction with them: the cells are read from the other corner.
    """
    order = np.arange(_N_BYTES).reshape(16, 8)[::-1].ravel()
    descriptors = points.descriptors.take(order, axis=1)
    return Keypoints(descriptors, points.place, -points.frame, points.starts, points.space)


Found = tuple[UInt8[np.ndarray, "_ 128"], Complex64[np.ndarray, "_"], Complex64[np.ndarray, "_"]]

_NOTHING: Found = (
    np.empty((0, _N_BYTES), dtype=np.uint8),
    np.empty(0, dtype=np.complex64),
    np.empty(0, dtype=np.complex64),
)


def _refuse_too_many(n_points: int, memory: int) -> None:
    if n_points * _BYTES_A_POINT > memory:
        what = f"up to {n_points:,} points need {n_points * _BYTES_A_POINT / 2**30:.1f} GiB"
        raise InputError(
            Problem(what, cure="give more than twice that with --memory, or look at fewer images")
        )


def _blocks(images: Images, memory: int) -> Iterator[Shaped[np.ndarray, "b *shape"]]:
    """The images, as many at once as memory holds in the float64 that they become."""
    if not len(images):
        return
    bytes_each = 8 * 4 * images.read(0, 1).size
    size = max(1, memory // max(1, bytes_each))
    for start in range(0, len(images), size):
        yield images.read(start, min(start + size, len(images)))


def _refuse_unless_films(pixels: Shaped[np.ndarray, "n *shape"]) -> None:
    if pixels.ndim != 4:
        what = f"keypoints need images with two axes of space, not {pixels.ndim - 2}"
        raise InputError(Problem(what, cure="cut volumes into slices with `doppelscan prepare --slices`"))
    refuse_unless_finite(pixels)


def _found(image: Shaped[np.ndarray, "c h w"], settings: KeypointSettings) -> Found:
    """The points of one image, strongest first, of equally strong ones from left to right."""
    shades = grey(image)
    small = resized(shades, settings.side) if shades.size else shades
    if not shades.any() or min(small.shape) < _LEAST_SIDE:
        return _NOTHING
    sift = cv2.SIFT.create(nfeatures=settings.most, contrastThreshold=settings.contrast, edgeThreshold=10)
    clahe = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8))
    points, descriptors = sift.detectAndCompute(clahe.apply(small), None)
    if not points:
        return _NOTHING
    x, y, size, angle, response = np.array([(*p.pt, p.size, p.angle, p.response) for p in points]).T
    order = np.lexsort((size, angle, y, x, -response))[: settings.most]
    pixel = np.array(shades.shape) / np.array(small.shape)
    place = (x + 0.5) * pixel[1] - 0.5 + 1j * ((y + 0.5) * pixel[0] - 0.5)
    frame = size * pixel.mean() * np.exp(1j * np.radians(angle))
    return _rooted(descriptors[order]), place[order].astype(np.complex64), frame[order].astype(np.complex64)


def _rooted(descriptors: Float32[np.ndarray, "p 128"]) -> UInt8[np.ndarray, "p 128"]:
    shares = descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1)
    return np.asarray(np.minimum(np.rint(np.sqrt(shares) * _SCALE), 255).astype(np.uint8))


def _joined(found: list[Found], space: tuple[int, int]) -> Keypoints:
    starts = np.concatenate([[0], np.cumsum([len(place) for _, place, _ in found], dtype=np.int64)])
    descriptors, place, frame = (
        np.concatenate([_NOTHING[part], *(points[part] for points in found)]) for part in range(3)
    )
    return Keypoints(descriptors, place, frame, starts.astype(np.int64), space)
