"""How one photograph of a lesion was taken: its framing, its light, its noise."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin

import numpy as np
from jaxtyping import Float32, UInt8

from doppelscan.imagesets.phantoms.shapes import Points2

__all__ = ["Photo", "draw_photo"]


@dataclass(frozen=True)
class Photo:
    """One photograph: lengths in half-widths of the usual picture, angles in radians."""

    zoom: float
    turn: float
    shift: tuple[float, float]
    gain: float
    balance: tuple[float, float, float]  # of red, green, blue
    slope: tuple[float, float]  # how much brighter one side is lit
    vignette: float
    grain: float

    def points(self, size: int) -> Points2:
        """Where each pixel lies on the skin; the lesion's middle is the origin."""
        x, y = self._frame(size) * np.float32(self.zoom)
        c, s = cos(self.turn), sin(self.turn)
        return np.stack([c * x + s * y + self.shift[0], c * y - s * x + self.shift[1]]).astype(np.float32)

    def expose(
        self, colours: Float32[np.ndarray, "3 size size"], rng: np.random.Generator
    ) -> UInt8[np.ndarray, "3 size size"]:
        """The photograph of skin of these colours: lit from one side, darker in the corners, with grain."""
        x, y = self._frame(colours.shape[1])
        light = (
            self.gain * (1 + self.slope[0] * x + self.slope[1] * y) * (1 - self.vignette * (x * x + y * y))
        )
        lit = colours * light * np.asarray(self.balance, np.float32)[:, None, None]
        lit += self.grain * rng.standard_normal(lit.shape, np.float32)
        return np.asarray(np.clip(255 * np.clip(lit, 0, 1) ** np.float32(0.8) + 0.5, 0, 255), np.uint8)

    @staticmethod
    def _frame(size: int) -> Points2:
        axis = ((np.arange(size) + 0.5) / size * 2 - 1).astype(np.float32)
        return np.stack(np.meshgrid(axis, axis, indexing="xy"))


def draw_photo(rng: np.random.Generator) -> Photo:
    """One photograph, held in any direction."""
    red, green, blue = np.exp(rng.normal(0, 0.035, 3)).tolist()
    return Photo(
        zoom=float(np.exp(rng.normal(0, 0.1))),
        turn=rng.uniform(0, 2 * np.pi),
        shift=(rng.normal(0, 0.07), rng.normal(0, 0.07)),
        gain=float(np.exp(rng.normal(-0.05, 0.08))),
        balance=(red, green, blue),
        slope=(rng.normal(0, 0.07), rng.normal(0, 0.07)),
        vignette=rng.uniform(0, 0.12),
        grain=rng.uniform(0.004, 0.02),
    )
