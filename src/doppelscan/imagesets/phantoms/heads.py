"""What makes one patient's head unlike another's.

Lengths are in mm. The origin is the middle of the cerebrum; x points right, y to the front, z up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from doppelscan.imagesets.phantoms.shapes import Points3, Waves, draw_waves

__all__ = ["Head", "draw_head"]


@dataclass(frozen=True)
class Head:
    """One patient's anatomy, before any tumour."""

    sex: str
    age: int
    scale: tuple[float, float, float]
    taper: float  # how much narrower the forehead is than the back
    skull_mm: float
    scalp_mm: float
    muscle_mm: float
    face_mm: tuple[float, float, float]
    ventricles: float  # their width, 1 is usual
    leaning_mm: float  # how far the ventricles stand off the middle
    sulcus_mm: float  # half the width of a sulcus
    sulcus_depth_mm: float
    cortex_mm: float
    fold_mm: float  # wavelength of the folds
    folds: Waves
    depths: Waves
    warps: tuple[Waves, Waves, Waves]
    marrow: Waves
    texture: Waves

    def own(self, points: Points3) -> Points3:
        """Where each point lies in a head of usual size and shape."""
        x, y, z = (coordinate * (1 / scale) for coordinate, scale in zip(points, self.scale, strict=True))
        usual = np.stack([x * (1 + y * self.taper), y, z])
        return usual + np.stack([2.4 * warp.at(points) for warp in self.warps])


def draw_head(rng: np.random.Generator) -> Head:
    """A patient's anatomy; ventricles and sulci widen with age, men's heads are a little larger."""
    sex, age = str(rng.choice(["F", "M"])), int(rng.integers(20, 86))
    atrophy = max(0.0, (age - 45) / 40) * rng.uniform(0.3, 1.2)
    size = rng.normal(1.03 if sex == "M" else 0.97, 0.035)
    scale = tuple((size * rng.normal(1, (0.045, 0.04, 0.045))).tolist())
    fold_mm = float(rng.uniform(18, 23))
    return Head(
        sex=sex,
        age=age,
        scale=(scale[0], scale[1], scale[2]),
        taper=rng.uniform(0.0002, 0.0016),
        skull_mm=rng.uniform(5, 9),
        scalp_mm=rng.uniform(3.5, 8.5),
        muscle_mm=rng.uniform(2, 8),
        face_mm=(rng.uniform(62, 70), rng.uniform(84, 94), rng.uniform(84, 96)),
        ventricles=rng.uniform(0.65, 1.2) + 0.55 * atrophy,
        leaning_mm=rng.normal(0, 1),
        sulcus_mm=rng.uniform(0.4, 1.0) + 0.9 * atrophy,
        sulcus_depth_mm=rng.uniform(17, 24),
        cortex_mm=rng.uniform(2.6, 3.4) - 0.3 * atrophy,
        fold_mm=fold_mm,
        folds=draw_waves(rng, 22, (0.8 * fold_mm, 1.25 * fold_mm)),
        depths=draw_waves(rng, 6, (35, 70)),
        warps=(draw_waves(rng, 4, (80, 170)), draw_waves(rng, 4, (80, 170)), draw_waves(rng, 4, (80, 170))),
        marrow=draw_waves(rng, 5, (25, 70)),
        texture=draw_waves(rng, 8, (9, 24)),
    )
