"""In which poses may a query be compared? As it is, flipped, and with its axes exchanged."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Shaped

from doppelscan.errors import InputError, Problem

__all__ = ["Pose", "Symmetries", "poses_of"]

Symmetries = Literal["none", "flips", "flips and turns"]
"""Which poses count: as the image is; all flips of its axes; these after all exchanges of axes of one length."""


@dataclass(frozen=True)
class Pose:
    """One way to lay an image: its axes of space in this order, then some of them flipped."""

    axes: tuple[int, ...]
    flips: tuple[bool, ...]

    @property
    def name(self) -> str:
        """The pose in words, axes counted from 0.

        Examples
        --------
        >>> Pose((1, 0), (False, True)).name
        'axes in order 1 0, flipped along 1'
        """
        moved = (
            [f"axes in order {' '.join(map(str, self.axes))}"] if self.axes != _in_order(self.axes) else []
        )
        flipped = " and ".join(str(axis) for axis, flip in enumerate(self.flips) if flip)
        return ", ".join([*moved, *([f"flipped along {flipped}"] if flipped else [])]) or "as it is"

    def of(self, pixels: Shaped[np.ndarray, "..."]) -> Shaped[np.ndarray, "..."]:
        """An image, or several, in this pose: the last axes are those of space. Nothing is copied."""
        lead = pixels.ndim - len(self.axes)
        moved = pixels.transpose(*range(lead), *(lead + axis for axis in self.axes))
        flipped: list[Any] = [slice(None, None, -1 if flip else 1) for flip in self.flips]
        return moved[(..., *flipped)]


def poses_of(symmetries: Symmetries, shape: tuple[int, ...]) -> tuple[Pose, ...]:
    """The poses of an image of shape (c, *space) that keep its shape; the first is as it is.

    Those of one order of axes stand together; among them the first axis flips fastest.

    Examples
    --------
    >>> [pose.name for pose in poses_of("flips", (1, 224, 224))]
    ['as it is', 'flipped along 0', 'flipped along 1', 'flipped along 0 and 1']
    >>> len(poses_of("flips and turns", (1, 64, 64, 64)))
    48

    Raises
    ------
    InputError
        If there are no such symmetries.
    """
    if symmetries not in get_args(Symmetries):
        known = ", ".join(get_args(Symmetries))
        raise InputError(Problem(f"symmetries {symmetries!r} are not known", cure=f"one of {known}"))
    space = shape[1:]
    orders = permutations(range(len(space))) if symmetries == "flips and turns" else [_in_order(space)]
    kept = [axes for axes in orders if tuple(space[axis] for axis in axes) == space]
    choices = (False,) if symmetries == "none" else (False, True)
    return tuple(Pose(axes, flips[::-1]) for axes in kept for flips in product(choices, repeat=len(space)))


def _in_order(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(range(len(axes)))
