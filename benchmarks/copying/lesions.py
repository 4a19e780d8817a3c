"""Tumours of brain slices as partial copies: the brightest compact mass of one slice inside another.

The slices come without masks. Meningiomas take up contrast evenly, so that a threshold outlines most of them: of 18
slices looked at, 17 outlines lay on the tumour, three of them on a part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from scipy import ndimage

from doppelscan.images.parts import PartialCopy, Pasted

__all__ = ["LESIONS", "LesionCopy", "lesion"]

AREA = (0.006, 0.08)  # of the slice
STANDING_OUT = 0.3  # brightness above what is around it, of the head's median, times evenness
COMPACT = 0.9  # of its convex hull


@dataclass(frozen=True)
class LesionCopy:
    """A lesion at its own place in another slice, or moved, mirrored and of another tone, as partial copies are."""

    part: PartialCopy

    needs_other: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """Its name in tables."""
        return self.part.name

    def __call__(self, source: np.ndarray, host: np.ndarray, rng: np.random.Generator) -> Pasted:
        """The host with the lesion of the source, which has one."""
        return self.part(source, host, rng, region=lesion(source[0]))


LESIONS = (LesionCopy(PartialCopy("lesion", 0.02)),)


def lesion(slice_: np.ndarray) -> np.ndarray | None:
    """Where the brightest compact mass within the head of a slice (h, w) is; None where nothing stands out."""
    smooth = ndimage.gaussian_filter(slice_.astype(np.float64), slice_.shape[0] / 150)
    inside = _inside(smooth)
    found = [(_standing_out(mass, smooth, inside), mass) for mass in _masses(smooth, inside)]
    best, mass = max(found, key=lambda one: one[0], default=(0.0, None))
    return ndimage.binary_dilation(mass, iterations=2) if best >= STANDING_OUT else None


def _inside(smooth: np.ndarray) -> np.ndarray:
    """The head without its bright rim."""
    bright = ndimage.binary_opening(smooth > 0.5 * smooth.mean(), iterations=2)
    return ndimage.binary_erosion(ndimage.binary_fill_holes(bright), iterations=round(0.06 * len(smooth)))


def _masses(smooth: np.ndarray, inside: np.ndarray) -> Iterator[np.ndarray]:
    """What is bright and in one piece, at many thresholds, neither a dot nor half of the brain, and compact."""
    for percentile in range(80, 100) if inside.any() else ():
        bright = (smooth > np.percentile(smooth[inside], percentile)) & inside
        labels, n = ndimage.label(ndimage.binary_opening(bright, iterations=2))
        for number in range(1, n + 1):
            mass = labels == number
            if AREA[0] < mass.mean() < AREA[1] and _solidity(mass) > COMPACT:
                yield ndimage.binary_fill_holes(mass)


def _solidity(mass: np.ndarray) -> float:
    """Its area as a share of its convex hull's."""
    outlines, _ = cv2.findContours(mass.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.contourArea(outlines[0]) / cv2.contourArea(cv2.convexHull(outlines[0]))


def _standing_out(mass: np.ndarray, smooth: np.ndarray, inside: np.ndarray) -> float:
    around = ndimage.binary_dilation(mass, iterations=5) & ~ndimage.binary_dilation(mass)
    above = (np.median(smooth[mass]) - np.median(smooth[around])) / (np.median(smooth[inside]) + 1)
    even = np.percentile(smooth[mass], 10) / np.percentile(smooth[mass], 90)
    return float(above * even)
