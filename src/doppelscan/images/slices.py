"""How the slices of a volume are cut and shown: as radiologists look at them.

A volume runs (x, y, z) towards the right, the front and the top of the patient. Of the two axes that a slice
keeps, the first becomes the columns and the second the rows, and both are turned round: the patient's front
(axial) or top (coronal, sagittal) is up, the right side (axial, coronal) or front (sagittal) is on the left.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Shaped

__all__ = ["PLANES", "Plane", "axis_of", "cut", "in_plane"]

Plane = Literal["axial", "coronal", "sagittal"]
PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")


def axis_of(plane: Plane) -> int:
    """Which axis of space a plane is cut along: z, y or x."""
    return {"sagittal": 0, "coronal": 1, "axial": 2}[plane]


def cut(pixels: Shaped[np.ndarray, "c x y z"], plane: Plane, k: int) -> Shaped[np.ndarray, "c rows columns"]:
    """Slice `k` of a volume, counted from the left, the back or the bottom, as it is shown."""
    upright = np.flip(pixels.take(k, axis=axis_of(plane) + 1).swapaxes(1, 2), axis=(1, 2))
    return np.ascontiguousarray(upright)


def in_plane(per_axis: tuple[float, ...], plane: Plane) -> tuple[float, float]:
    """What belongs to the axes of a volume (spacing, length), for the rows and the columns of its slices."""
    columns, rows = (value for axis, value in enumerate(per_axis) if axis != axis_of(plane))
    return rows, columns
