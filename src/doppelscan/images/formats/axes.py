"""How the axes of a volume are turned towards right, anterior, superior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Shaped

__all__ = ["Turn", "towards_ras"]

PerAxis = TypeVar("PerAxis")


@dataclass(frozen=True)
class Turn:
    """Axes exchanged, then some reversed; the nearest to right, anterior, superior without resampling.

    Axis k of the turned volume is axis `source[k]` of the volume as stored, reversed where `reverse[k]`.
    """

    source: tuple[int, ...]
    reverse: tuple[bool, ...]

    def volume(self, stored: Shaped[np.ndarray, "c i j k"]) -> Shaped[np.ndarray, "c x y z"]:
        """The volume with its axes turned."""
        moved = stored.transpose(0, *(axis + 1 for axis in self.source))
        return moved[:, *(slice(None, None, -1 if back else 1) for back in self.reverse)]

    def along(self, axes: Sequence[PerAxis]) -> tuple[PerAxis, ...]:
        """What belongs to each axis, such as length or spacing, in the turned order."""
        return tuple(axes[axis] for axis in self.source)


def towards_ras(affine: Float[np.ndarray, "4 4"]) -> Turn:
    """The turn for a volume whose indices `affine` maps to mm towards right, anterior, superior.

    Each axis goes where it points most, all three taken together. An affine that is not finite, or sends
    an axis nowhere, says nothing: the axes stay as they are.
    """
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(lengths).all() or not lengths.all():
        return Turn((0, 1, 2), (False, False, False))
    towards = affine[:3, :3] / lengths
    source = max(permutations(range(3)), key=lambda axes: float(np.abs(towards[range(3), axes]).sum()))
    return Turn(source, tuple(bool(towards[k, axis] < 0) for k, axis in enumerate(source)))
