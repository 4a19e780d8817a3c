"""How parallel DICOM frames become one volume towards right, anterior, superior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Shaped
from numpy.typing import NDArray

from doppelscan.images.formats import axes
from doppelscan.images.formats.entry import Frame
from doppelscan.images.image import Image

__all__ = ["height_mm", "join", "joined_dtype", "joined_shape", "upwards"]

_UNEVEN = 0.05
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def height_mm(frame: Frame) -> float | None:
    """How far along its own normal a frame lies, to 0.01 mm; None where that is unknown."""
    if frame.position is None or frame.orientation is None:
        return None
    return round(float(_normal(frame.orientation) @ np.asarray(frame.position)), 2)


def upwards(frames: Sequence[Frame]) -> list[int] | None:
    """The frames in order along their normal; None unless there are several, parallel, each at its own place."""
    heights = [height_mm(frame) for frame in frames]
    known = [height for height in heights if height is not None]
    parallel = len({parallel_to(frame) for frame in frames}) == 1
    if len(frames) < 2 or len(set(known)) < len(frames) or not parallel:
        return None
    return [int(k) for k in np.argsort(known)]


def parallel_to(frame: Frame) -> tuple[float, ...]:
    """What frames that are parallel and of one spacing have in common."""
    return tuple(round(value, 3) for value in (*(frame.orientation or ()), *(frame.spacing_mm or ())))


def joined_shape(shape: Sequence[int], frames: Sequence[Frame]) -> tuple[int, ...]:
    """The shape (c, x, y, z) of the volume that `join` makes of planes of `shape` (c, rows, columns)."""
    channels, rows, columns = shape
    return (channels, *_turn(frames).along((columns, rows, len(frames))))


def joined_dtype(dtype: str, frames: Sequence[Frame]) -> str:
    """The type of the volume's pixels: as stored, or float32 where each frame has a scale of its own."""
    return dtype if _one_scale(frames) else "float32"


def join(planes: Shaped[np.ndarray, "n c rows columns"], frames: Sequence[Frame]) -> Image:
    """The volume of planes whose frames are in order along their normal.

    Where the frames differ in slope or intercept these are applied, in float32.
    """
    turn = _turn(frames)
    if not _one_scale(frames):
        planes = _scaled(planes, frames)
    volume = np.ascontiguousarray(turn.volume(planes.transpose(1, 3, 2, 0)))
    spacing = _spacing_mm(frames)
    slope, intercept = (frames[0].slope, frames[0].intercept) if _one_scale(frames) else (1.0, 0.0)
    return Image(volume, turn.along(spacing) if spacing else None, slope, intercept)


def _one_scale(frames: Sequence[Frame]) -> bool:
    return len({(frame.slope, frame.intercept) for frame in frames}) == 1


def _scaled(planes: NDArray[Any], frames: Sequence[Frame]) -> NDArray[Any]:
    slopes = np.array([frame.slope for frame in frames], np.float32)[:, None, None, None]
    intercepts = np.array([frame.intercept for frame in frames], np.float32)[:, None, None, None]
    return planes.astype(np.float32) * slopes + intercepts


def _turn(frames: Sequence[Frame]) -> axes.Turn:
    """The turn of (columns, rows, slices)."""
    first, last = frames[0], frames[-1]
    assert first.orientation is not None
    along_row, down_column = first.orientation[:3], first.orientation[3:]
    up = np.subtract(np.asarray(last.position), np.asarray(first.position))
    affine = np.eye(4)
    affine[:3, :3] = _LPS_TO_RAS @ np.stack([along_row, down_column, up], axis=1)
    return axes.towards_ras(affine)


def _spacing_mm(frames: Sequence[Frame]) -> tuple[float, ...] | None:
    """(columns, rows, slices); None where the slices are not evenly spaced or the pixels' size is unknown."""
    heights = [height for frame in frames if (height := height_mm(frame)) is not None]
    steps = np.diff(heights)
    if frames[0].spacing_mm is None or np.abs(steps - steps.mean()).max() > _UNEVEN * steps.mean():
        return None
    rows_mm, columns_mm = frames[0].spacing_mm
    return columns_mm, rows_mm, float(steps.mean())


def _normal(orientation: tuple[float, ...]) -> NDArray[Any]:
    return np.cross(orientation[:3], orientation[3:])
