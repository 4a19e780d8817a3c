"""Which part of an image is meant? A mask, as one line of text that a table can hold."""

from __future__ import annotations

import math
import re

import numpy as np
from jaxtyping import Bool, Int64

from doppelscan.errors import InputError, Problem
from doppelscan.limits import VOXELS

__all__ = ["centre", "region_from", "region_text"]

_FORM = re.compile(r"(inside|outside|runs) ([\d:,+]*) of (\d+(?:x\d+)*)")


def centre(space: tuple[int, ...], sides: tuple[int, ...]) -> Bool[np.ndarray, "*space"]:
    """A box of these sides in the middle of an image, at least one pixel along each axis."""
    mask = np.zeros(space, dtype=bool)
    mask[tuple(_middle(length, side) for length, side in zip(space, sides, strict=True))] = True
    return mask


def region_text(mask: Bool[np.ndarray, "*space"]) -> str:
    """The mask as text: the inside or the outside of a box, or else the runs of its pixels, row after row.

    Examples
    --------
    >>> region_text(centre((4, 6), (2, 2)))
    'inside 1:3,2:4 of 4x6'
    """
    space = "x".join(map(str, mask.shape))
    for word, part in (("inside", mask), ("outside", ~mask)):
        if (box := _box(part)) is not None:
            return f"{word} {','.join(f'{one.start}:{one.stop}' for one in box)} of {space}"
    starts, lengths = _runs(mask)
    return f"runs {','.join(f'{s}+{n}' for s, n in zip(starts, lengths, strict=True))} of {space}"


def region_from(text: str) -> Bool[np.ndarray, "*space"]:
    """The mask that `region_text` wrote.

    Raises
    ------
    InputError
        If the text is of another form, or of an image larger than images may be.
    """
    try:
        word, said, space = _FORM.fullmatch(text).groups()  # type: ignore[union-attr]
        shape = tuple(map(int, space.split("x")))
        assert math.prod(shape) <= VOXELS.value, "an image may be so large"
        mask = np.zeros(shape, dtype=bool)
        parts = [part for part in said.split(",") if part]
        if word == "runs":
            for start, length in (map(int, part.split("+")) for part in parts):
                mask.reshape(-1)[start : start + length] = True
            return mask
        corners = [part.split(":") for part in parts]
        box = tuple(slice(int(start), int(stop)) for start, stop in corners)
        assert len(box) in {0, mask.ndim}, "one span for each axis"
        mask[box] = True
    except (AttributeError, ValueError, AssertionError) as error:
        raise InputError(Problem(f"{text!r} is no region", where="region")) from error
    return mask if word == "inside" else ~mask


def _middle(length: int, side: int) -> slice:
    side = min(max(side, 1), length)
    return slice((length - side) // 2, (length - side) // 2 + side)


def _box(mask: Bool[np.ndarray, "*space"]) -> tuple[slice, ...] | None:
    """The box that a mask is; None where it is none."""
    if not mask.any():
        return None
    found = np.nonzero(mask)
    box = tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in found)
    return box if mask[box].all() else None


def _runs(mask: Bool[np.ndarray, "*space"]) -> tuple[Int64[np.ndarray, " r"], Int64[np.ndarray, " r"]]:
    edges = np.diff(np.concatenate([[False], mask.ravel(), [False]]).astype(np.int8))
    starts = np.flatnonzero(edges == 1)
    return starts, np.flatnonzero(edges == -1) - starts
