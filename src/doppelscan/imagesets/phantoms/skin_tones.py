"""What healthy skin looks like: its tone on Fitzpatrick's scale, its mottling, its freckles and hair."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32

from doppelscan.imagesets.phantoms.shapes import Field, Points2, Waves, cover, draw_waves, tube, union

__all__ = ["TONES", "Skin", "draw_skin", "reflected"]

TONES = MappingProxyType({"I": 0.08, "II": 0.2, "III": 0.38, "IV": 0.62, "V": 1.0, "VI": 1.55})  # melanin
_MELANIN = np.array([0.45, 0.8, 1.2], np.float32)  # what a unit of it absorbs of red, green, blue
_BLOOD = np.array([0.1, 0.75, 0.6], np.float32)
_DERMIS = np.array([0.97, 0.92, 0.86], np.float32)  # what is left of white light without either


@dataclass(frozen=True)
class Skin:
    """The skin around a lesion; melanin and blood in optical density."""

    melanin: float
    blood: float
    mottle: Waves
    pores: Waves
    freckling: float
    freckles: Waves
    hairs: tuple[tuple[tuple[float, float], ...], ...]
    hair_width: float

    def absorption(self, points: Points2) -> tuple[Field, Field]:
        """Melanin and blood of the skin at each point."""
        mottle, spots = self.mottle.at(points), np.maximum(self.freckles.at(points) - 1.1, 0)
        melanin = self.melanin * (1 + 0.06 * mottle + 0.05 * self.pores.at(points)) + self.freckling * spots
        return np.asarray(np.maximum(melanin, 0)), np.asarray(self.blood * (1 - 0.15 * mottle))

    def hair(self, points: Points2, edge: float) -> Field:
        """The share of each pixel that hair hides."""
        if not self.hairs:
            return np.zeros_like(points[0])
        strands = [tube(points, path, [self.hair_width] * len(path)) for path in self.hairs]
        return cover(union(*strands), edge)


def draw_skin(rng: np.random.Generator, tone: str) -> Skin:
    """One patient's skin of this tone."""
    n_hairs = int(rng.poisson(1.0))
    return Skin(
        melanin=TONES[tone] * float(np.exp(rng.normal(0, 0.1))),
        blood=rng.uniform(0.15, 0.4),
        mottle=draw_waves(rng, 7, (0.5, 1.8), 2),
        pores=draw_waves(rng, 10, (0.05, 0.14), 2),
        freckling=0.35 * rng.uniform(0, 1) ** 3,
        freckles=draw_waves(rng, 8, (0.16, 0.45), 2),
        hairs=tuple(_hair(rng) for _ in range(n_hairs)),
        hair_width=rng.uniform(0.005, 0.012),
    )


def reflected(melanin: Field, blood: Field) -> Float32[np.ndarray, "3 *space"]:
    """The colour, red, green and blue in [0, 1], of skin that holds so much melanin and blood (Beer, Lambert)."""
    density = np.multiply.outer(_MELANIN, melanin) + np.multiply.outer(_BLOOD, blood)
    return np.asarray(_DERMIS.reshape(3, *[1] * melanin.ndim) * np.exp(-density), np.float32)


def _hair(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """A bent strand across the picture."""
    start, angle, bend = rng.uniform(-1, 1, 2), rng.uniform(0, 2 * np.pi), rng.normal(0, 0.15)
    turns = angle + bend * np.arange(5)
    steps = rng.uniform(0.1, 0.25) * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    path = start + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return tuple((float(x), float(y)) for x, y in path)
