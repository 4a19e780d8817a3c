"""What the bones of a chest add to a film."""

from __future__ import annotations

import numpy as np

from doppelscan.imagesets.phantoms.shapes import (
    Field,
    Points2,
    capsule,
    cover,
    ellipsoid,
    mirror,
    tube,
    union,
    unit,
)
from doppelscan.imagesets.phantoms.thorax import Thorax

__all__ = ["bones"]


def bones(thorax: Thorax, own: Points2, cage: Field, edge: float, twist: float) -> Field:
    """What ribs, spine, clavicles, shoulder blades and arms absorb; `cage` is the distance to the ribcage."""
    mirrored = mirror(own)
    ribs = _back_ribs(thorax, mirrored, edge) + 0.6 * _front_ribs(thorax, mirrored, edge)
    held = 0.17 * ribs * cover(cage - 0.03, 0.06)
    return thorax.bone * (held + _spine(thorax, own, edge, twist) + _shoulders(thorax, mirrored, edge))


def _back_ribs(thorax: Thorax, mirrored: Points2, edge: float) -> Field:
    """The ribs' hind parts: they leave the spine upwards, and bend down towards the side."""
    x = mirrored[0]
    curve = thorax.rib_slope * (x * (0.55 * x - 0.18) + 0.22 * (x * x * x * x) ** 2)
    return _bands(thorax, mirrored[1] - curve + 0.9, edge) * cover(0.08 - x, 0.05)


def _front_ribs(thorax: Thorax, mirrored: Points2, edge: float) -> Field:
    """The ribs' fore parts: they run down towards the middle, and end in cartilage, which does not show."""
    x = mirrored[0]
    curve = thorax.rib_slope * (0.42 + 0.75 * (0.95 - x))
    return _bands(thorax, mirrored[1] - curve + 0.9, edge) * unit((x - 0.3) * 4)


def _bands(thorax: Thorax, height: Field, edge: float) -> Field:
    """Ten bands, denser along their borders, given each point's height above the first rib's curve."""
    steps = (height - thorax.rib_offset) * (1 / thorax.rib_pitch)
    nearest = np.clip(np.round(steps), 0, 9)
    distance = np.abs(steps - nearest) * thorax.rib_pitch
    outer = cover(distance - thorax.rib_width, edge)
    return outer - 0.4 * cover(distance - 0.6 * thorax.rib_width, edge)


def _spine(thorax: Thorax, own: Points2, edge: float, twist: float) -> Field:
    """Vertebrae: a column with a denser plate at each end of each body, and the pedicles' two eyes."""
    bend = thorax.spine_bend * (own[1] ** 2 - 0.3)
    across = np.abs(own[0] - bend + 0.06 * twist)
    steps = own[1] * (1 / (0.9 * thorax.rib_pitch))
    phase = np.asarray(np.abs(steps - np.round(steps)))
    column = cover(across - 0.105 + 0.03 * cover(0.38 - phase, 0.1), edge)
    eyes = cover((across - 0.075) ** 2 + (phase * thorax.rib_pitch) ** 2 - 0.0006, 0.001)
    return np.asarray(column * (0.2 + 0.1 * cover(0.4 - phase, 0.08)) + 0.06 * eyes)


def _shoulders(thorax: Thorax, mirrored: Points2, edge: float) -> Field:
    low, tilt = thorax.shoulder, thorax.clavicle
    path = [(0.1, -0.66), (0.4, -0.76 - tilt), (0.72, -0.82 - tilt + 0.3 * low), (1.02, -0.86 + low)]
    clavicle = tube(mirrored, path, [0.055, 0.036, 0.034, 0.045])
    blade = tube(mirrored, [(1.0, -0.78 + low), (0.93, -0.4 + low), (0.85, 0.0 + low)], [0.05, 0.035, 0.02])
    joint = ellipsoid(mirrored, (1.17, -0.7 + low), (0.13, 0.14))
    arm = capsule(mirrored, ((1.2, -0.66 + low), (1.25 + thorax.arm, 0.6)), (0.085, 0.07))
    joined = 0.2 * cover(union(joint, arm), 2 * edge)
    return np.asarray(0.22 * cover(clavicle, edge) + 0.1 * cover(blade, edge) + joined)
