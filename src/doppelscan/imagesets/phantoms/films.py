"""How one film was taken: the patient's stand, breath and turn, the exposure, the noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, sin

import cv2
import numpy as np
from jaxtyping import Float32

from doppelscan.imagesets.phantoms.shapes import Field, Grey, Points2

__all__ = ["Film", "draw_film", "draw_habit"]


@dataclass(frozen=True)
class Film:
    """One film: lengths in half-widths of the chest, angles in radians."""

    zoom: float  # half the film's side
    aspect: float  # how much its height was squeezed
    turn: float
    shift: tuple[float, float]
    twist: float  # the patient turned about the own axis: what lies deep moves across
    breath: float  # how far the diaphragm goes down
    contrast: float
    gamma: float
    haze: float
    grain: float
    letter: tuple[float, float]  # the side marker's place; outside [0, 1] there is none

    def points(self, size: int) -> Points2:
        """Where each pixel lies in the patient."""
        axis = ((np.arange(size) + 0.5) / size * 2 - 1).astype(np.float32) * self.zoom
        y, x = np.meshgrid(axis * self.aspect, axis, indexing="ij")
        c, s = cos(self.turn), sin(self.turn)
        return np.stack([c * x + s * y + self.shift[0], c * y - s * x + self.shift[1]])

    def pixels(self, places: Float32[np.ndarray, "*n 2"], size: int) -> Float32[np.ndarray, "*n 2"]:
        """Which pixel (column, row) shows each place of the patient."""
        moved = places - np.asarray(self.shift, np.float32)
        c, s = cos(self.turn), sin(self.turn)
        x, y = c * moved[..., 0] - s * moved[..., 1], s * moved[..., 0] + c * moved[..., 1]
        scaled = np.stack([x * (1 / self.zoom), y * (1 / (self.zoom * self.aspect))], axis=-1)
        return (scaled + 1) * (size / 2) - 0.5

    def expose(self, attenuation: Field, rng: np.random.Generator) -> Grey:
        """The film: bright where much is absorbed, with scattered light, grain and the side marker."""
        transmitted = np.exp(-self.contrast * attenuation)
        scattered = cv2.GaussianBlur(transmitted, (0, 0), attenuation.shape[0] / 12)
        light = (1 - self.haze) * transmitted + self.haze * scattered
        light += np.sqrt(light) * (self.grain * rng.standard_normal(light.shape, np.float32))
        dark = np.clip(1 - light, 0, 1)
        white = max(float(np.quantile(dark, 0.98)), 1e-3)  # the reader's window: nearly all of the film
        bright = (dark * (1 / white)) ** self.gamma * 225
        return self._mark(np.clip(bright + 0.5, 0, 255).astype(np.uint8))

    def _mark(self, film: Grey) -> Grey:
        """The film with the letter R beside the patient's right shoulder."""
        size = film.shape[0]
        place = (round(self.letter[0] * size), round(self.letter[1] * size))
        marked = cv2.putText(film, "R", place, cv2.FONT_HERSHEY_SIMPLEX, size / 380, 240, 1, cv2.LINE_AA)
        return np.asarray(marked, np.uint8)


def draw_habit(rng: np.random.Generator) -> Film:
    """How films of one patient are usually taken."""
    return Film(
        zoom=rng.normal(1.08, 0.045),
        aspect=rng.normal(1.0, 0.07),
        turn=rng.normal(0, 0.025),
        shift=(rng.normal(0, 0.03), rng.normal(0.03, 0.055)),
        twist=rng.normal(0, 0.25),
        breath=0.0,
        contrast=rng.normal(1.5, 0.2),
        gamma=float(np.exp(rng.normal(0.15, 0.15))),
        haze=rng.uniform(0.05, 0.3),
        grain=rng.uniform(0.006, 0.02),
        letter=(rng.uniform(-0.1, 0.12), rng.uniform(0.05, 0.3)),
    )


def draw_film(rng: np.random.Generator, habit: Film) -> Film:
    """One film of a patient with this habit."""
    return replace(
        habit,
        zoom=habit.zoom * rng.normal(1, 0.05),
        aspect=habit.aspect * rng.normal(1, 0.02),
        turn=habit.turn + rng.normal(0, 0.025),
        shift=(habit.shift[0] + rng.normal(0, 0.04), habit.shift[1] + rng.normal(0, 0.055)),
        twist=habit.twist + rng.normal(0, 0.3),
        breath=rng.normal(0, 0.06),
        contrast=habit.contrast * float(np.exp(rng.normal(0, 0.1))),
        gamma=habit.gamma * float(np.exp(rng.normal(0, 0.08))),
    )
