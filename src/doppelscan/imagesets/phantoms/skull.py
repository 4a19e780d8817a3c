"""What lies outside the brain: skull, scalp, face, eyes, airways."""

from __future__ import annotations

import numpy as np

from doppelscan.imagesets.phantoms.shapes import Field, capsule, ellipsoid, merge, union, unit
from doppelscan.imagesets.phantoms.tissues import Layer, Tissue
from doppelscan.imagesets.phantoms.views import View

__all__ = ["skull"]

_FACE_MM = -8.0  # no eye and no airway reaches higher


def skull(view: View) -> list[Layer]:
    """The layers from the eyes outwards: whatever is not painted by what is inside the braincase."""
    head, thickness = view.head, view.head.skull_mm + 1.5
    outside = merge(view.case - thickness - head.scalp_mm, _face(view), 25)
    low = bool(view.own[2].min() < _FACE_MM)
    return [
        *(_eyes(view) if low else []),
        (Tissue.MARROW, _diploe(view)),
        (Tissue.BONE, view.inside(view.case - thickness)),
        *([(Tissue.AIR, view.inside(_airways(view)))] if low else []),
        (Tissue.MUSCLE, view.inside(outside + head.scalp_mm - _temples(view)) * _streaks(view)),
        (Tissue.FAT, view.inside(outside + 1.6)),
        (Tissue.MUSCLE, view.inside(outside)),
    ]


def _face(view: View) -> Field:
    """Signed distance to face and neck, with the nose."""
    face = ellipsoid(view.own, (0, 12, -62), view.head.face_mm)
    nose = capsule(view.own, ((0, 94, -42), (0, 103, -72)), (5, 11))
    return merge(face, nose, 12)


def _eyes(view: View) -> list[Layer]:
    globe = ellipsoid(view.mirrored, (33, 78, -44), (12.5, 12.5, 12.5))
    lens = ellipsoid(view.mirrored, (33, 88, -44), (4.5, 2.2, 4.5))
    nerve = capsule(view.mirrored, ((32, 66, -44), (14, 36, -40)), (2.2, 2.2))
    orbit = capsule(view.mirrored, ((33, 76, -44), (20, 44, -42)), (17, 8))
    return [
        (Tissue.MUSCLE, view.inside(lens)),
        (Tissue.VITREOUS, view.inside(globe)),
        (Tissue.MUSCLE, view.inside(union(globe - 1.2, nerve))),
        (Tissue.FAT, view.inside(orbit)),
    ]


def _diploe(view: View) -> Field:
    """Marrow between the tables of the skull, here more, there less."""
    middle = 1.5 + view.head.skull_mm / 2
    layer = view.inside(np.abs(view.case - middle) - view.head.skull_mm * 0.22)
    return layer * unit(0.6 + 0.25 * view.head.marrow.at(view.own))


def _airways(view: View) -> Field:
    """Signed distance to the air of nose, sinuses and throat."""
    cells = ellipsoid(view.mirrored, (6, 68, -58), (7, 24, 22)) + 1.5 * view.texture
    jaw = ellipsoid(view.mirrored, (29, 66, -76), (12, 15, 15))
    frontal = ellipsoid(view.mirrored, (10, 93, -24), (12, 3.5, 10))
    throat = capsule(view.own, ((0, 30, -62), (0, 8, -130)), (9, 9))
    mastoid = ellipsoid(view.mirrored, (56, -22, -50), (7, 12, 14)) + 2.5 * view.texture
    return union(cells, jaw, frontal, throat, mastoid)


def _temples(view: View) -> Field:
    """By how many mm the temporal muscles thicken the flesh at the sides."""
    x, y, z = view.mirrored
    where = np.asarray(np.exp(-(((y - 22) * (1 / 30)) ** 2) - ((z + 12) * (1 / 34)) ** 2))
    return view.head.muscle_mm * where * unit(x * (1 / 40) - 0.6) - 1


def _streaks(view: View) -> Field:
    """Where fat runs between the muscles of face and neck, less than 1."""
    deep = unit(view.own[2] * (-1 / 30) - 0.8)
    return 1 - deep * unit(0.4 * view.texture - 0.1)
