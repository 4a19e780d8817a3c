"""Which share of each pixel lies inside a shape: signed distances, soft edges, smooth noise.

Points are coordinates (axis, *space), distances are negative inside, and both are in the same unit. Only
elementwise arithmetic is used, no BLAS: the bits do not depend on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray

__all__ = [
    "Field",
    "Grey",
    "Points",
    "Points2",
    "Points3",
    "Waves",
    "capsule",
    "cover",
    "draw_waves",
    "ellipsoid",
    "intersection",
    "merge",
    "mirror",
    "overlap",
    "tube",
    "union",
    "unit",
]

Field: TypeAlias = Float32[NDArray[np.floating], "*space"]
Grey: TypeAlias = UInt8[NDArray[np.uint8], "*space"]
Points: TypeAlias = Float32[NDArray[np.floating], "axis *space"]
Points2: TypeAlias = Float32[NDArray[np.floating], "2 *space"]
Points3: TypeAlias = Float32[NDArray[np.floating], "3 *space"]


def cover(distance: Field, edge: float) -> Field:
    """The share of each pixel that is inside, where the border is blurred over `edge`."""
    return unit(distance * (-1 / edge) + 0.5)


def unit(values: Field) -> Field:
    """The values, those below 0 or above 1 brought there."""
    return np.asarray(np.clip(values, 0, 1))


def mirror(points: Points) -> Points:
    """The points with those on the left of the first axis' origin brought to the right."""
    mirrored = points.copy()
    np.abs(points[0], out=mirrored[0])
    return mirrored


def ellipsoid(points: Points, centre: Sequence[float], radii: Sequence[float]) -> Field:
    """Signed distance to an ellipse or ellipsoid, exact at its border to first order."""
    level, slope = np.full_like(points[0], 1e-6), np.full_like(points[0], 1e-6 / min(radii) ** 2)
    for coordinate, middle, radius in zip(points, centre, radii, strict=True):
        square = (coordinate - middle) * (1 / radius)
        square *= square
        level += square
        square *= 1 / radius**2
        slope += square
    root = np.sqrt(level)
    return np.asarray(root * (root - 1) / np.sqrt(slope))


def capsule(
    points: Points,
    ends: tuple[Sequence[float], Sequence[float]],
    radii: tuple[float, float],
) -> Field:
    """Signed distance to a rod between two ends, with a radius at each."""
    axis = [stop - start for start, stop in zip(*ends, strict=True)]
    length2 = sum(step * step for step in axis)
    along, square = np.zeros_like(points[0]), np.zeros_like(points[0])
    for coordinate, start, step in zip(points, ends[0], axis, strict=True):
        offset = coordinate - start
        along += offset * (step / length2)
        square += offset * offset
    nearest = unit(along)
    square += length2 * nearest * (nearest - 2 * along)
    distance = np.sqrt(np.maximum(square, 0))
    return np.asarray(distance - (radii[0] + nearest * (radii[1] - radii[0])))


def tube(points: Points, path: Sequence[Sequence[float]], radii: Sequence[float]) -> Field:
    """Signed distance to a bent rod through the points of `path`, with a radius at each."""
    joints = list(zip(path, radii, strict=True))
    rods = [capsule(points, (a, b), (r, s)) for (a, r), (b, s) in pairwise(joints)]
    return union(*rods)


def union(*distances: Field) -> Field:
    """Signed distance to all of several shapes together."""
    return np.asarray(np.minimum.reduce(distances))


def intersection(*distances: Field) -> Field:
    """Signed distance to what several shapes have in common."""
    return np.asarray(np.maximum.reduce(distances))


def merge(first: Field, second: Field, blend: float) -> Field:
    """Signed distance to the union of two shapes, their seam rounded over `blend`."""
    seam = np.maximum(blend - np.abs(first - second), 0)
    return np.asarray(np.minimum(first, second) - seam * seam * (0.25 / blend))


def overlap(first: Field, second: Field, blend: float) -> Field:
    """Signed distance to what two shapes have in intersection, their corner rounded over `blend`."""
    return -merge(-first, -second, blend)


@dataclass(frozen=True)
class Waves:
    """Smooth noise of mean 0 and variance 1: a sum of plane waves, so it has a value at any point."""

    vectors: tuple[tuple[float, ...], ...]
    phases: tuple[float, ...]

    def at(self, points: Points) -> Field:
        """The noise at each point."""
        total, argument, part = np.zeros_like(points[0]), np.empty_like(points[0]), np.empty_like(points[0])
        for vector, phase in zip(self.vectors, self.phases, strict=True):
            np.multiply(points[0], vector[0], out=argument)
            for coordinate, frequency in zip(points[1:], vector[1:], strict=True):
                argument += np.multiply(coordinate, frequency, out=part)
            argument += phase
            total += np.sin(argument, out=argument)
        return np.asarray(total * math.sqrt(2 / len(self.phases)))


def draw_waves(
    rng: np.random.Generator, n_waves: int, wavelengths: tuple[float, float], n_axes: int = 3
) -> Waves:
    """Noise whose waves run in random directions, their lengths between the two given."""
    directions = rng.standard_normal((n_waves, n_axes))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    vectors = directions * (2 * np.pi / rng.uniform(*wavelengths, (n_waves, 1)))
    phases = rng.uniform(0, 2 * np.pi, n_waves)
    return Waves(tuple(tuple(vector) for vector in vectors.tolist()), tuple(phases.tolist()))
