"""What lies within the skull: cortex and its folds, white matter, ventricles, nuclei, cerebellum."""

from __future__ import annotations

import numpy as np

from doppelscan.imagesets.phantoms.shapes import (
    Field,
    cover,
    ellipsoid,
    intersection,
    merge,
    tube,
    union,
    unit,
)
from doppelscan.imagesets.phantoms.tissues import Layer, Tissue
from doppelscan.imagesets.phantoms.views import View

__all__ = ["cerebrum"]


def cerebrum(view: View) -> list[Layer]:
    """The layers from the sinus to the fluid that surrounds the brain."""
    return [
        (Tissue.VESSEL, view.inside(_sinus(view))),
        (Tissue.FLUID, view.inside(_ventricles(view))),
        (Tissue.NUCLEUS, cover(_nuclei(view), view.pixel_mm + 1)),
        *_cerebellum(view),
        *_cortex(view),
        (Tissue.FLUID, view.inside(view.case)),
    ]


def _sinus(view: View) -> Field:
    """Signed distance to the sagittal sinus, which runs along the vault and widens to the back."""
    across = np.sqrt(view.own[0] ** 2 + (view.case + 2) ** 2)
    return intersection(across + 0.008 * view.own[1] - 2.2, -20 - view.own[2])


def _ventricles(view: View) -> Field:
    """Signed distance to the ventricles: frontal horn to occipital horn, temporal horn, third, fourth."""
    width, centred = view.head.ventricles, view.own.copy()
    np.abs(view.own[0] - view.head.leaning_mm, out=centred[0])
    path = [(15, 36, 3), (9, 24, 12), (9, 4, 18), (13, -18, 16), (24, -36, 6), (22, -56, 1)]
    lateral = tube(centred, path, [width * radius for radius in (3.2, 6.2, 5.0, 5.4, 7.2, 1.8)])
    temporal = tube(
        centred, [(24, -36, 6), (33, -22, -12), (30, 2, -18)], [width * r for r in (5.0, 2.4, 1.6)]
    )
    third = ellipsoid(centred, (0, 0, -3), (1.9 * width, 13, 10))
    fourth = ellipsoid(centred, (0, -38, -42), (7, 5, 10))
    cistern = ellipsoid(centred, (6, -33, -8), (9, 3.5, 5))
    return union(lateral, temporal, third, fourth, cistern)


def _nuclei(view: View) -> Field:
    """Signed distance to caudate, lentiform nucleus and thalamus; white capsules run between them."""
    x, y, z = view.mirrored
    caudate = ellipsoid(view.mirrored, (15, 21, 9), (5.5, 9, 9))
    lentiform = ellipsoid(np.stack([x - 0.28 * np.abs(y - 4), y, z]), (21, 4, 1), (6.5, 17, 10))
    thalamus = ellipsoid(np.stack([x + 0.3 * y, y, z]), (8, -11, 4), (8, 13, 9))
    return union(caudate, lentiform, thalamus)


def _cerebellum(view: View) -> list[Layer]:
    """The cerebellum with its leaves, and the brainstem before it."""
    if view.own[2].min() > 0:
        return []
    hemisphere = ellipsoid(view.mirrored, (20, -46, -46), (30, 30, 22))
    flat = np.stack([0.8 * view.own[0], view.own[1], view.own[2]])
    stem = tube(flat, [(0, -10, -6), (0, -17, -30), (0, -22, -50), (0, -28, -110)], [11, 11, 13, 5])
    around = intersection(stem - 2 + 2 * view.texture, np.abs(view.own[2] + 36) - 18)
    leaves = np.sin((hemisphere + 1.2 * view.texture) * (2 * np.pi / 7.5)) * cover(hemisphere + 2, 3)
    whole = view.inside(hemisphere)
    white = whole * unit(cover(hemisphere + 12, 12) + 0.35 * leaves)
    return [
        (Tissue.WHITE, np.maximum(white, view.inside(stem))),
        (Tissue.GREY, whole),
        (Tissue.FLUID, view.inside(union(hemisphere - 2.5, around))),
    ]


def _cortex(view: View) -> list[Layer]:
    """White matter, vessels in the folds, and the grey ribbon that follows every fold of the surface."""
    depth, open_mm = _depth(view), view.head.sulcus_mm
    return [
        (Tissue.WHITE, cover(open_mm + view.head.cortex_mm - depth, view.pixel_mm + 0.5)),
        (Tissue.GREY, view.inside(open_mm - depth)),
        (
            Tissue.VESSEL,
            view.inside(intersection(depth - 1, view.case)) * np.clip(view.texture - 0.7, 0, 0.6),
        ),
    ]


def _depth(view: View) -> Field:
    """How far each point lies, in mm, from the nearest surface of the brain: outer, fold or fissure."""
    below = -view.case - 1
    reach = view.head.sulcus_depth_mm * np.clip(1 + 0.35 * view.head.depths.at(view.own), 0.2, 2)
    sulcus = _fold(view) + np.maximum(below - reach, 0) * 0.9
    return union(below, sulcus, _fissure(view), _insula(view))


def _fold(view: View) -> Field:
    """Distance to the nearest fold, in mm: zeros of noise that changes little inwards, so folds run radially."""
    radius = np.sqrt(np.einsum("a...,a...->...", view.own, view.own)) + 20
    outwards = view.own * (70 / radius) ** 0.75 + 0.7 * view.texture
    return np.abs(view.head.folds.at(outwards)) * (view.head.fold_mm / (2 * np.pi))


def _fissure(view: View) -> Field:
    """Distance to the gap between the hemispheres, which ends at the corpus callosum."""
    bridge = ellipsoid(view.own[1:], (-2, 8), (44, 22))
    return intersection(view.mirrored[0], -bridge)


def _insula(view: View) -> Field:
    """Distance to the Sylvian fissure and the buried cortex at its end."""
    x, y, z = view.mirrored
    tilted = np.stack([x + 0.008 * (y - 4) ** 2 + view.texture, y, z - 0.12 * y])
    island = ellipsoid(tilted, (41, 4, 1), (1.6, 20, 13))
    cleft = ellipsoid(tilted, (54, 4, -3), (16, 24, 1.6))
    return np.maximum(merge(island, cleft, 2), 0)
