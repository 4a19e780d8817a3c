"""How a head lies in the scanner, and which points the scanner sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from scipy.spatial.transform import Rotation

from doppelscan.imagesets.phantoms.shapes import Points3

__all__ = ["FIELD_OF_VIEW_MM", "Pose", "draw_pose", "grid", "plane"]

FIELD_OF_VIEW_MM = 240.0


@dataclass(frozen=True)
class Pose:
    """A head turned by `degrees` about x, y, z, moved by `shift_mm`, seen `zoom` times as large."""

    degrees: tuple[float, float, float]
    shift_mm: tuple[float, float, float]
    zoom: float

    def to_head(self, points: Points3) -> Points3:
        """Where each point of the scanner lies in the head."""
        moved = points - _column(self.shift_mm, points.ndim)
        turn = Rotation.from_euler("xyz", self.degrees, degrees=True).as_matrix() / self.zoom
        return np.asarray(np.einsum("ab,a...->b...", turn.astype(np.float32), moved))

    def moved(self, rng: np.random.Generator) -> Pose:
        """The pose at another visit: the same patient lies down again."""
        return Pose(
            _near(rng, self.degrees, 1.0), _near(rng, self.shift_mm, 1.2), self.zoom * rng.normal(1, 0.008)
        )


def draw_pose(rng: np.random.Generator) -> Pose:
    """How one patient is used to lie."""
    still = (0.0, 0.0, 0.0)
    return Pose(_near(rng, still, 4.0), _near(rng, still, 4.0), rng.normal(0.97, 0.04))


def grid(size: tuple[int, ...]) -> Points3:
    """The scanner's points of a volume (x, y, z) over the field of view."""
    axes = [_axis(n) for n in size]
    return np.stack(np.meshgrid(*axes, indexing="ij"))


def plane(size: tuple[int, ...], level_mm: float) -> Points3:
    """The scanner's points of an axial slice (rows, columns): front up, the patient's right on the left."""
    y, x = np.meshgrid(-_axis(size[0]), -_axis(size[1]), indexing="ij")
    return np.stack([x, y, np.full_like(x, level_mm)])


def _axis(n: int) -> Float32[np.ndarray, "n"]:
    return (((np.arange(n) + 0.5) / n - 0.5) * FIELD_OF_VIEW_MM).astype(np.float32)


def _column(values: tuple[float, float, float], n_axes: int) -> Float32[np.ndarray, "3 *ones"]:
    return np.asarray(values, np.float32).reshape(3, *[1] * (n_axes - 1))


def _near(
    rng: np.random.Generator, middle: tuple[float, float, float], spread: float
) -> tuple[float, float, float]:
    x, y, z = (float(m + spread * step) for m, step in zip(middle, rng.standard_normal(3), strict=True))
    return x, y, z
