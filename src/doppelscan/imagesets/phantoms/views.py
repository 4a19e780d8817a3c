"""What is known of each point of a head before its tissues are told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from doppelscan.imagesets.phantoms.heads import Head
from doppelscan.imagesets.phantoms.shapes import Field, Points3, cover, ellipsoid, merge, mirror, overlap

__all__ = ["View", "look"]


@dataclass(frozen=True)
class View:
    """The points of an image, as places in a head of usual size and shape."""

    head: Head
    own: Points3
    mirrored: Points3  # both halves as the right one
    case: Field  # signed distance to the space within the skull, in mm
    texture: Field  # fine noise
    pixel_mm: float

    def inside(self, distance: Field) -> Field:
        """The share of each pixel inside a shape at this signed distance."""
        return cover(distance, self.pixel_mm)


def look(head: Head, own: Points3, pixel_mm: float) -> View:
    """The view of a head at places already brought to its usual size and shape."""
    mirrored = mirror(own)
    return View(head, own, mirrored, _braincase(own, mirrored), head.texture.at(own), pixel_mm)


def _braincase(own: Points3, mirrored: Points3) -> Field:
    """The vault above a floor that is higher under the forehead, and the fossa of the cerebellum."""
    vault = ellipsoid(own, (0, 0, 0), (66, 83, 72))
    floor = np.maximum(own[1] - 10, 0) * 0.25 - own[2] - 40
    fossa = ellipsoid(mirrored, (14, -44, -40), (38, 36, 32))
    return merge(overlap(vault, floor, 12), fossa, 8)
