"""What a patient's tumour looks like, and how it grows from visit to visit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from doppelscan.imagesets.phantoms.shapes import (
    Field,
    Points3,
    Waves,
    cover,
    draw_waves,
    ellipsoid,
    intersection,
)
from doppelscan.imagesets.phantoms.tissues import Layer, Tissue

__all__ = ["Tumour", "draw_tumour"]


@dataclass(frozen=True)
class Tumour:
    """A glioma: a dead core, a rim that takes up contrast agent, swollen brain around them."""

    grade: str  # HGG (high) or LGG (low): a low one has hardly a rim
    centre: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    rim_mm: float
    oedema_mm: float
    roughness_mm: float
    surface: Waves

    def grown(self, factor: float) -> Tumour:
        """The tumour at another visit, `factor` times as wide."""
        return replace(
            self,
            radii_mm=(self.radii_mm[0] * factor, self.radii_mm[1] * factor, self.radii_mm[2] * factor),
            oedema_mm=self.oedema_mm * factor,
        )

    def distance(self, points: Points3) -> Field:
        """Signed distance, in mm, to the tumour's uneven surface."""
        return ellipsoid(points, self.centre, self.radii_mm) + self.roughness_mm * self.surface.at(points)

    def push(self, points: Points3) -> Points3:
        """Where what is now at each point lay before the tumour pushed it away."""
        radius = sum(self.radii_mm) / 3
        away = points - np.asarray(self.centre, np.float32).reshape(3, *[1] * (points.ndim - 1))
        distance2 = np.einsum("a...,a...->...", away, away)
        pushed = 0.3 * np.exp(distance2 * (-0.5 / (1.5 * radius) ** 2))
        return np.asarray(points - pushed * away)

    def layers(self, points: Points3, case: Field, pixel_mm: float) -> list[Layer]:
        """The tumour's layers, which the skull confines (`case`: distance to it); oedema fades outwards."""
        distance = intersection(self.distance(points), case + 2)
        swollen = np.clip(0.9 - (distance - 2) * (1 / self.oedema_mm), 0, 0.85)
        return [
            (Tissue.CORE, cover(distance + self.rim_mm, pixel_mm)),
            (Tissue.RIM, cover(distance, pixel_mm)),
            (Tissue.OEDEMA, swollen * cover(intersection(distance - self.oedema_mm, case + 1), 2 * pixel_mm)),
        ]


def draw_tumour(rng: np.random.Generator, level_mm: float) -> Tumour:
    """A tumour in one hemisphere, near the level at which the patient is sliced."""
    side, grade = float(rng.choice([-1, 1])), str(rng.choice(["HGG", "LGG"], p=[0.7, 0.3]))
    radius = rng.uniform(7, 19)
    low = grade == "LGG"
    return Tumour(
        grade=grade,
        centre=(side * rng.uniform(18, 42), rng.uniform(-48, 46), level_mm + rng.normal(0, 5)),
        radii_mm=(
            radius * rng.uniform(0.8, 1.2),
            radius * rng.uniform(0.8, 1.2),
            radius * rng.uniform(0.8, 1.2),
        ),
        rim_mm=rng.uniform(0.5, 1.2) if low else rng.uniform(2, 5),
        oedema_mm=rng.uniform(3, 8) if low else rng.uniform(6, 22),
        roughness_mm=radius * rng.uniform(0.08, 0.2),
        surface=draw_waves(rng, 8, (12, 40)),
    )
