"""Where pneumonia clouds the lungs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from doppelscan.imagesets.phantoms.shapes import Field, Points2, Waves, draw_waves, unit

__all__ = ["Pneumonia", "draw_pneumonia"]


@dataclass(frozen=True)
class Pneumonia:
    """Patches of consolidation, each (across, down, radius, density), mottled and with a haze between them."""

    patches: tuple[tuple[float, float, float, float], ...]
    diffuse: float
    mottle: Waves

    def filled(self, points: Points2, extent: float) -> Field:
        """The share of the air that is replaced by fluid; `extent` scales the patches' radii."""
        mottle = self.mottle.at(points)
        cloud = self.diffuse * np.clip(0.7 + 0.4 * mottle, 0, 2)
        for across, down, radius, density in self.patches:
            distance2 = (points[0] - across) ** 2 + (points[1] - down) ** 2
            cloud += density * np.exp(distance2 * (-0.5 / (extent * radius) ** 2)) * (1 + 0.3 * mottle)
        return unit(1 - np.exp(-cloud))


def draw_pneumonia(rng: np.random.Generator) -> Pneumonia:
    """One to four patches, mostly low, in one lung or both."""
    n_patches, first = int(rng.integers(1, 5)), float(rng.choice([-1, 1]))
    sides = first * rng.choice([1, -1], n_patches, p=[0.75, 0.25])
    patches = tuple(
        (
            float(side * rng.uniform(0.3, 0.7)),
            rng.uniform(-0.45, 0.5),
            rng.uniform(0.1, 0.28),
            rng.uniform(0.4, 1.8),
        )
        for side in sides
    )
    return Pneumonia(patches, rng.uniform(0.0, 0.3), draw_waves(rng, 7, (0.18, 0.7), 2))
