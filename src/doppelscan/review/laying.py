"""How does a training image lie on the image beside it? As the run has it, or as recognisable points of films say.

Every pair of films is looked at alike, known copies too: that one can be aligned tells a reader nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Float64, Shaped

from doppelscan.encoders.detail import agreement
from doppelscan.encoders.keypoints import ONE, Keypoints, extract_keypoints, inverted, mirrored
from doppelscan.images.placement import Placement
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.workers import single_threaded_vision

__all__ = ["laid_by_points"]

_FEWEST = 8  # points that agree; by chance a handful do
_DISTINCT = 0.9  # the angle to the nearest point, as a share of that to the second nearest
_TOLERANCE = 0.02  # of the longest side: how far a point may lie from where the others want it
_SIMPLER = 1.02  # so many times better must a movement be than none

Pixels = Shaped[np.ndarray, "c *space"]


def laid_by_points(image: Pixels, training: Pixels) -> Placement | None:
    """Where most points of two films agree that the training image lies; None where that is no better than as it is.

    Turned, shifted, zoomed, mirrored, black and white exchanged. None for volumes.
    """
    if image.ndim != 3:
        return None
    found = max(_movements(image, training), key=lambda one: one[0], default=(0, None))[1]
    if found is None or _strength(image, found.laid(training)) <= _SIMPLER * _strength(image, training):
        return None
    return found


def _movements(image: Pixels, training: Pixels) -> Iterator[tuple[int, Placement]]:
    """The movement of the training image in each of its four ways, and how many points agree on it."""
    points, theirs = _points(image), _points(training)
    width = image.shape[-1]
    for mirror in (False, True):
        seen = mirrored(theirs) if mirror else theirs
        for invert in (False, True):
            n, moved = _similarity(points, inverted(seen) if invert else seen, max(image.shape[1:]))
            if n >= _FEWEST:
                yield n, _placement(moved, image.shape[1:], width if mirror else 0, inverted=invert)


def _points(pixels: Pixels) -> Keypoints:
    return extract_keypoints(ImageSet.from_arrays(pixels[None]), resources=Resources(workers=1))


def _similarity(ours: Keypoints, theirs: Keypoints, side: int) -> tuple[int, Float64[np.ndarray, "2 3"]]:
    """The similarity that takes our points to theirs, and how many pairs of points agree on it."""
    nothing = 0, np.eye(2, 3)
    if min(len(ours.place), len(theirs.place)) < _FEWEST:
        return nothing
    products = ours.descriptors.astype(np.float32) @ theirs.descriptors.astype(np.float32).T
    best, mutual = products.argmax(axis=1), products.argmax(axis=0)
    kept = (mutual[best] == np.arange(len(best))) & _distinct(products)
    if kept.sum() < _FEWEST:
        return nothing
    here, there = (np.column_stack([z.real, z.imag]) for z in (ours.place[kept], theirs.place[best[kept]]))
    with single_threaded_vision():
        moved, agreed = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=_TOLERANCE * side)
    return nothing if moved is None else (int(agreed.sum()), moved)


def _distinct(products: Shaped[np.ndarray, "p q"]) -> Shaped[np.ndarray, " p"]:
    """Which points are nearer to their nearest than to any other."""
    second, first = np.partition(products, -2, axis=1)[:, -2:].T
    angles = [np.arccos(np.clip(product / ONE, -1, 1)) for product in (first, second)]
    return np.asarray(angles[0] < _DISTINCT * angles[1])


def _placement(
    moved: Float64[np.ndarray, "2 3"], space: tuple[int, ...], mirrored_in: int, *, inverted: bool
) -> Placement:
    """A map of our pixels (x, y) to theirs as one of (y, x) from the centre, in halves of the longest side."""
    if mirrored_in:
        moved = np.array([[-1.0], [1.0]]) * moved + np.array([[0, 0, mirrored_in - 1], [0, 0, 0]])
    matrix, offset = moved[::-1, 1::-1], moved[::-1, 2]
    centre = (np.array(space) - 1) / 2
    return Placement(matrix.copy(), (matrix @ centre + offset - centre) / (max(space) / 2), None, inverted)


def _strength(image: Pixels, other: Pixels) -> float:
    """How much fine detail agrees; what agrees half counts for next to nothing."""
    return float((np.clip(agreement(image, other), 0, 1) ** 8).mean())
