"""Who the patient of a brain phantom is, and what one visit shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from doppelscan.imagesets.phantoms.cerebrum import cerebrum
from doppelscan.imagesets.phantoms.contrast import Protocol, Sight, draw_protocol, draw_scan
from doppelscan.imagesets.phantoms.heads import Head, draw_head
from doppelscan.imagesets.phantoms.poses import FIELD_OF_VIEW_MM, Pose, draw_pose, grid, plane
from doppelscan.imagesets.phantoms.shapes import Points3, ellipsoid
from doppelscan.imagesets.phantoms.skull import skull
from doppelscan.imagesets.phantoms.tissues import shares
from doppelscan.imagesets.phantoms.tumours import Tumour, draw_tumour
from doppelscan.imagesets.phantoms.views import look

__all__ = ["Acquisition", "Subject", "draw_subject", "visit"]

_SLICE_STEP_MM = 6.0


@dataclass(frozen=True)
class Acquisition:
    """What is recorded at each visit: a volume of three axes, or slices of two."""

    size: tuple[int, ...]
    channels: tuple[str, ...]
    slices: int = 1

    def views(self, level_mm: float) -> list[Points3]:
        """The scanner's points of each image, slices around a level."""
        if len(self.size) == 3:
            return [grid(self.size)]
        steps = np.arange(self.slices) - (self.slices - 1) / 2
        return [plane(self.size, level_mm + _SLICE_STEP_MM * step) for step in steps.tolist()]

    @property
    def pixel_mm(self) -> float:
        """The longest side of a pixel."""
        return FIELD_OF_VIEW_MM / min(self.size)


@dataclass(frozen=True)
class Subject:
    """One patient: anatomy, tumour, and how the patient is usually scanned."""

    head: Head
    tumour: Tumour | None
    pose: Pose
    protocol: Protocol
    level_mm: float


def draw_subject(rng: np.random.Generator, tumours: float) -> Subject:
    """A patient, who has a tumour with probability `tumours`."""
    head, pose, protocol = draw_head(rng), draw_pose(rng), draw_protocol(rng)
    level_mm = rng.uniform(-14, 44)
    tumour = draw_tumour(rng, level_mm) if rng.uniform() < tumours else None
    return Subject(head, tumour, pose, protocol, level_mm)


def visit(
    subject: Subject, acquisition: Acquisition, rng: np.random.Generator
) -> list[UInt8[np.ndarray, "c *space"]]:
    """The images of one visit: the same head lies a little differently, its tumour has changed its size."""
    pose, scan = subject.pose.moved(rng), draw_scan(rng)
    growth = float(np.exp(rng.normal(0, 0.12)))
    tumour = subject.tumour.grown(growth) if subject.tumour else None
    images = []
    for points in acquisition.views(subject.level_mm):
        sight = _sight(subject.head, tumour, pose.to_head(points), acquisition.pixel_mm)
        images.append(scan.record(sight, subject.protocol, acquisition.channels, rng))
    return images


def _sight(head: Head, tumour: Tumour | None, points: Points3, pixel_mm: float) -> Sight:
    """What is seen at points of the head; far from it all is air, which saves half of the work."""
    near = ellipsoid(points, (0, 8, -25), (98, 126, 135)) < 0
    points = points[:, near]
    view = look(head, head.own(tumour.push(points) if tumour else points), pixel_mm)
    growth = tumour.layers(points, view.case, pixel_mm) if tumour else []
    return Sight(near, points, shares([*growth, *cerebrum(view), *skull(view)]))
