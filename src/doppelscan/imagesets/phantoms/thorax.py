"""What makes one patient's chest unlike another's.

Lengths are in half-widths of the chest. The origin is its middle; the first axis points to the image's
right, which is the patient's left, the second down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from doppelscan.imagesets.phantoms.shapes import Points2, Waves, draw_waves

__all__ = ["Thorax", "draw_thorax"]


@dataclass(frozen=True)
class Thorax:
    """One patient's anatomy, seen from the front, without disease."""

    sex: str
    age: int
    width: float
    height: float
    flesh: float  # thickness of the chest's wall
    shoulder: float  # how low they hang
    arm: float  # how far the arms are spread
    neck: float
    jaw: float  # how low the chin is
    breast: float
    heart: float
    heart_tilt: float
    knob: float  # radius of the aortic arch
    domes: tuple[float, float]  # height of the diaphragm, on the image's left and right
    dome_curve: float
    rib_pitch: float
    rib_offset: float
    rib_slope: float
    rib_width: float
    bone: float  # how dense the bones are
    clavicle: float
    spine_bend: float
    gas: tuple[float, float, float]  # the stomach's bubble: across, below the dome, radius
    vessels: Float32[np.ndarray, "n 2 2"]  # both ends of each piece
    calibres: Float32[np.ndarray, "n"]
    warps: tuple[Waves, Waves]
    texture: Waves

    def own(self, points: Points2) -> Points2:
        """Where each point lies in a chest of usual size and shape."""
        warped = np.stack([0.035 * warp.at(points) for warp in self.warps])
        warped[0] += points[0] * (1 / self.width)
        warped[1] += points[1] * (1 / self.height)
        return warped


def draw_thorax(rng: np.random.Generator) -> Thorax:
    """A patient's anatomy; the heart and the aortic arch widen with age."""
    sex, age = str(rng.choice(["F", "M"])), int(rng.integers(18, 91))
    vessels, calibres = _draw_vessels(rng)
    right = rng.normal(0.55, 0.06)
    return Thorax(
        sex=sex,
        age=age,
        width=rng.normal(0.94, 0.06),
        height=rng.normal(0.97, 0.08),
        flesh=abs(rng.normal(0, 0.12)) + 0.08,
        shoulder=rng.normal(0, 0.09),
        arm=rng.uniform(0.1, 0.5),
        neck=rng.uniform(0.22, 0.34),
        jaw=rng.uniform(-0.35, 0.1),
        breast=rng.uniform(0.02, 0.16) if sex == "F" else 0.0,
        heart=rng.normal(1.0, 0.09) + 0.1 * (age - 50) / 40,
        heart_tilt=rng.normal(0.55, 0.15),
        knob=rng.uniform(0.09, 0.13) + 0.0005 * age,
        domes=(right, right + rng.normal(0.08, 0.04)),
        dome_curve=rng.uniform(0.5, 1.1),
        rib_pitch=rng.uniform(0.165, 0.205),
        rib_offset=rng.uniform(0, 0.15),
        rib_slope=rng.uniform(0.6, 1.4),
        rib_width=rng.uniform(0.032, 0.05),
        bone=rng.uniform(0.6, 1.3) - 0.003 * (age - 50),
        clavicle=rng.normal(0, 0.06),
        spine_bend=rng.normal(0, 0.04),
        gas=(rng.uniform(0.3, 0.6), rng.uniform(0.14, 0.3), rng.uniform(0.04, 0.16)),
        vessels=vessels,
        calibres=calibres,
        warps=(draw_waves(rng, 4, (1.0, 2.5), 2), draw_waves(rng, 4, (1.0, 2.5), 2)),
        texture=draw_waves(rng, 8, (0.09, 0.35), 2),
    )


def _draw_vessels(
    rng: np.random.Generator, n_trunks: int = 7, n_forks: int = 4
) -> tuple[Float32[np.ndarray, "n 2 2"], Float32[np.ndarray, "n"]]:
    """Both lungs' vessels: trunks that leave the hilum and fork, each piece shorter and thinner than the last."""
    side = np.repeat([-1.0, 1.0], n_trunks)
    start = np.stack([side * rng.uniform(0.2, 0.28, side.size), rng.uniform(-0.12, 0.1, side.size)], axis=1)
    angle = np.tile(np.linspace(-1.25, 1.35, n_trunks), 2) + rng.normal(0, 0.12, side.size)
    pieces, calibres = [], []
    length, calibre = 0.22, 0.017
    for _ in range(n_forks):
        step = length * rng.uniform(0.7, 1.3, side.size)
        end = start + np.stack([side * np.cos(angle), np.sin(angle)], axis=1) * step[:, None]
        pieces.append(np.stack([start, end], axis=1))
        calibres.append(np.full(side.size, calibre))
        start, side = np.repeat(end, 2, axis=0), np.repeat(side, 2)
        angle = np.repeat(angle, 2) + np.tile([-0.35, 0.35], angle.size) + rng.normal(0, 0.15, side.size)
        length, calibre = length * 0.75, calibre * 0.62
    return np.concatenate(pieces).astype(np.float32), np.concatenate(calibres).astype(np.float32)
