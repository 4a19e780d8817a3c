"""What the soft parts of a chest add to a film: flesh, lungs, heart, diaphragm, vessels."""

from __future__ import annotations

from math import cos, sin

import cv2
import numpy as np

from doppelscan.imagesets.phantoms.films import Film
from doppelscan.imagesets.phantoms.shapes import (
    Field,
    Points2,
    capsule,
    cover,
    ellipsoid,
    merge,
    mirror,
    overlap,
    tube,
    unit,
)
from doppelscan.imagesets.phantoms.thorax import Thorax

__all__ = ["abdomen", "diaphragm", "flesh", "heart", "lungs", "ribcage", "vessels"]


def ribcage(own: Points2) -> Field:
    """Signed distance to the ribcage: a dome on upright walls."""
    above = np.maximum(0.35 - own[1], 0) * (1 / 1.27)
    across = np.abs(own[0] * (1 / 0.93))
    level = across * across * np.sqrt(across) + above * above * np.sqrt(above)
    return np.asarray((level - 1) * 0.34)


def diaphragm(thorax: Thorax, own: Points2, film: Film) -> Field:
    """How far each point lies above the diaphragm: two domes that fall steeply towards the sides."""
    x, (left, right) = own[0], thorax.domes
    level = left + film.breath + (right - left) * cover(-x, 0.5)
    aside = np.abs(x) - 0.42
    steepness = np.where(aside > 0, np.float32(thorax.dome_curve), np.float32(0.25))
    return np.asarray(level + steepness * aside * aside - own[1])


def lungs(own: Points2, cage: Field, above: Field, twist: float) -> Field:
    """The thickness of air: both lungs, from the cage's inside to the middle, `above` the diaphragm."""
    apex = ellipsoid(mirror(own), (0.46, 0.6), (0.56, 1.5))
    inner = 0.13 - np.abs(own[0] + 0.02 * twist)
    sides = overlap(overlap(cage + 0.04, apex, 0.15), inner, 0.12)
    return np.asarray(np.sqrt(unit(overlap(sides, -above, 0.05) * -3.5)))


def heart(thorax: Thorax, own: Points2, film: Film) -> Field:
    """How thick the heart and the great vessels are: ventricle, atrium, aortic arch, and the stem above."""
    size, drop = thorax.heart * (1 - 0.5 * film.breath), 0.5 * film.breath
    x, y = own[0] - 0.05 * film.twist, own[1] - drop
    c, s = cos(thorax.heart_tilt), sin(thorax.heart_tilt)
    turned = np.stack([c * (x - 0.17) + s * (y - 0.28), c * (y - 0.28) - s * (x - 0.17)])
    ventricle = ellipsoid(turned, (0, 0), (0.44 * size, 0.31 * size))
    moved = np.stack([x, y])
    atrium = ellipsoid(moved, (-0.06, 0.2), (0.26 * size, 0.32 * size))
    arch = ellipsoid(moved, (0.1, -0.4), (thorax.knob, thorax.knob * 1.2))
    stem = tube(moved, [(0, -1.1), (0, -0.5), (0.04, 0.1)], [0.13, 0.15, 0.2])
    shape = merge(merge(ventricle, atrium, 0.15), merge(arch, stem, 0.06), 0.12)
    return np.asarray(np.sqrt(unit(shape * -5)))


def abdomen(thorax: Thorax, own: Points2, film: Film) -> Field:
    """How much liver and stomach add below the diaphragm; the stomach's bubble takes away."""
    across, down, radius = thorax.gas
    bubble = ellipsoid(own, (across, thorax.domes[1] + film.breath + down), (1.6 * radius, radius))
    return cover(diaphragm(thorax, own, film), 0.04) - 0.9 * cover(bubble, 0.06)


def flesh(thorax: Thorax, own: Points2) -> Field:
    """How thick the body is: trunk, shoulders, neck, chin, arms."""
    mirrored = mirror(own)
    low, wall = thorax.shoulder, 0.95 + thorax.flesh
    trunk = ellipsoid(mirrored, (0, 0.7), (wall, 2.0))
    shoulders = tube(mirrored, [(0, -0.8), (0.55, -0.74), (1.05, -0.68 + low)], [0.34, 0.3, 0.25])
    neck = capsule(mirrored, ((0, -0.8), (0, -1.8)), (thorax.neck + 0.06, thorax.neck))
    body = merge(merge(trunk, shoulders, 0.25), neck, 0.25)
    arm = capsule(mirrored, ((1.12, -0.64 + low), (1.2 + thorax.arm, 0.9)), (0.22, 0.17))
    chin = ellipsoid(mirrored, (0, -1.75 + thorax.jaw), (0.5, 0.5))
    breast = ellipsoid(mirrored, (0.52, 0.42), (0.34, 0.3))
    extra = 0.5 * cover(chin, 0.08) + thorax.breast * cover(breast, 0.25)
    return _rounded(body, 0.65) + 0.55 * _rounded(arm, 0.2) * cover(-body, 0.1) + extra


def vessels(thorax: Thorax, film: Film, size: int) -> Field:
    """Both lungs' vessels; where thinner than a pixel, they are faint rather than broken."""
    places = thorax.vessels * np.asarray((thorax.width, thorax.height), np.float32)
    ends = np.round(film.pixels(places, size) * 16).astype(np.int32)  # OpenCV draws in sixteenths of a pixel
    calibres = thorax.calibres * (size / film.zoom)
    drawn = np.zeros((size, size), np.uint8)
    for calibre in np.unique(calibres).tolist():
        width = max(1, round(calibre))
        strength = int(255 * min(1.0, calibre / width))
        pen = {"color": strength, "thickness": width, "lineType": cv2.LINE_AA, "shift": 4}
        cv2.polylines(drawn, list(ends[calibres == calibre]), isClosed=False, **pen)
    return cv2.GaussianBlur(drawn, (0, 0), 0.3 + size / 400).astype(np.float32) * (1 / 255)


def _rounded(distance: Field, radius: float) -> Field:
    """The thickness of a round body of this radius at its rim, 1 further inside."""
    rim = 1 - unit(distance * (-1 / radius))
    return np.asarray(np.sqrt(1 - rim * rim))
