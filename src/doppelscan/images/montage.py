"""How any image is shown: as a picture of 8-bit RGB, alone, beside others, or against another.

An image of one channel is grey, one of three is colour, each channel of any other is a grey panel of its own.
A volume is shown by its middle slices (axial, coronal, sagittal; see `slices`), in one row for each channel.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float, Shaped, UInt8
from PIL import Image as Pillow

from doppelscan.images import geometry
from doppelscan.images.intensity import to_uint8
from doppelscan.images.numbers import as_dtype, as_float
from doppelscan.images.slices import PLANES, axis_of, cut, in_plane

__all__ = ["contact_sheet", "difference", "picture", "png", "sheet", "shrunk"]

Shown = UInt8[np.ndarray, "_rows _columns 3"]

_GAP = 2
_LOWER, _EQUAL, _HIGHER = np.array([[20, 90, 190], [128, 128, 128], [235, 110, 10]], np.float32)
_FULL_COLOUR = 2.0  # in standard deviations
_EFFORT = 3  # of 9 in compressing: a third of the time that the default takes, for files as small


def picture(
    pixels: Shaped[np.ndarray, "c *space"],
    window: tuple[float, float] | None = None,
    *,
    spacing_mm: Sequence[float] | None = None,
) -> Shown:
    """The image as 8-bit RGB, from black to white over `window` (low, high) or over its own range.

    That is from the 0.5th to the 99.5th percentile of each channel, so that a few bright pixels do not darken
    the rest, and from end to end for colour; 8-bit colour is shown as it is. With `spacing_mm`, pixels
    that are not square are stretched to their true proportions.
    """
    low, high = _range(pixels) if window is None else np.array(window, float)[:, None].repeat(len(pixels), 1)
    panels = _as_colour if _is_colour(pixels) else _as_greys
    return _laid_out([panels(to_uint8(plane, low, high)) for plane in _planes(pixels, spacing_mm)])


def difference(
    a: Shaped[np.ndarray, "c *space"],
    b: Shaped[np.ndarray, "c *space"],
    *,
    spacing_mm: Sequence[float] | None = None,
) -> Shown:
    """Where `a` is brighter (orange) or darker (blue) than `b`; grey where they are equal.

    Each channel is first standardised by its own mean and standard deviation, so that brightness and contrast
    do not show. Colour is full from two standard deviations on. The channels of a colour image are averaged.
    """
    excess = _standardised(a) - _standardised(b)
    if _is_colour(a):
        excess = excess.mean(axis=0, keepdims=True)
    return _laid_out([[_diverging(panel) for panel in plane] for plane in _planes(excess, spacing_mm)])


def sheet(pictures: Sequence[Shown], columns: int = 8) -> Shown:
    """The pictures in rows of `columns`, each in the middle of a cell of the largest size."""
    cell = tuple(max(shown.shape[axis] for shown in pictures) for axis in (0, 1))
    cells = [_centred(shown, cell) for shown in pictures]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % min(columns, len(cells)))
    return _stacked([cells[start : start + columns] for start in range(0, len(cells), columns)])


def contact_sheet(
    images: Iterable[Shaped[np.ndarray, "_ ..."]], columns: int = 8, *, side: int = 128
) -> Shown:
    """Many images at a glance, none larger than `side`."""
    return sheet([shrunk(picture(pixels), side) for pixels in images], columns)


def shrunk(shown: Shown, side: int) -> Shown:
    """The picture with its longest side at most `side`, its proportions kept."""
    if max(shown.shape[:2]) <= side:
        return shown
    shape = geometry.fitted_shape(shown.shape[:2], (side, side), "pad")
    return np.moveaxis(geometry.resize(np.moveaxis(shown, 2, 0), shape), 0, 2)


def png(shown: Shown) -> bytes:
    """The picture as a PNG file."""
    stream = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(shown)).save(stream, "PNG", compress_level=_EFFORT)
    return stream.getvalue()


def _is_colour(pixels: Shaped[np.ndarray, "c *space"]) -> bool:
    return pixels.ndim == 3 and len(pixels) == 3


def _range(pixels: Shaped[np.ndarray, "c *space"]) -> tuple[Float[np.ndarray, " c"], Float[np.ndarray, " c"]]:
    if _is_colour(pixels):
        whole = np.ones(3)
        ends = (0, 255) if pixels.dtype == np.uint8 else (float(pixels.min()), float(pixels.max()))
        return ends[0] * whole, ends[1] * whole
    flat = as_float(pixels.reshape(len(pixels), -1))
    least, low, high, most = np.percentile(flat, [0, 0.5, 99.5, 100], axis=1).astype(float)
    wide = high > low  # not so for a mask of few pixels
    return np.where(wide, low, least), np.where(wide, high, most)


def _planes(
    pixels: Shaped[np.ndarray, "c *space"], spacing_mm: Sequence[float] | None
) -> list[Shaped[np.ndarray, "c _ _"]]:
    """The image itself, or the three middle slices of a volume, stretched to square pixels."""
    spacing = tuple(spacing_mm or (1.0,) * (pixels.ndim - 1))
    if pixels.ndim == 3:
        return [_squared(pixels, spacing)]
    return [
        _squared(cut(pixels, plane, pixels.shape[axis_of(plane) + 1] // 2), in_plane(spacing, plane))
        for plane in PLANES
    ]


def _squared(
    plane: Shaped[np.ndarray, "c rows columns"], spacing_mm: Sequence[float]
) -> Shaped[np.ndarray, "c _ _"]:
    finest = min(spacing_mm)
    shape = [max(1, round(n * mm / finest)) for n, mm in zip(plane.shape[1:], spacing_mm, strict=True)]
    return geometry.resize(plane, shape)


def _as_colour(plane: UInt8[np.ndarray, "3 rows columns"]) -> list[Shown]:
    return [np.moveaxis(plane, 0, 2)]


def _as_greys(plane: UInt8[np.ndarray, "c rows columns"]) -> list[Shown]:
    return [np.repeat(channel[..., None], 3, axis=2) for channel in plane]


def _standardised(pixels: Shaped[np.ndarray, "c *space"]) -> Float[np.ndarray, "c *space"]:
    values = as_float(pixels).astype(np.float64)
    space = tuple(range(1, values.ndim))
    centred = values - values.mean(axis=space, keepdims=True)
    varies = np.ptp(values, axis=space, keepdims=True) > 0
    deviation = values.std(axis=space, keepdims=True)
    return np.asarray(np.divide(centred, deviation, out=np.zeros_like(values), where=varies))


def _diverging(excess: Float[np.ndarray, "rows columns"]) -> Shown:
    share = np.clip(excess / _FULL_COLOUR, -1, 1)[..., None]
    towards = np.where(share < 0, _LOWER, _HIGHER)
    return as_dtype(_EQUAL + np.abs(share) * (towards - _EQUAL), np.dtype(np.uint8))


def _laid_out(planes: Sequence[Sequence[Shown]]) -> Shown:
    """The channels of one plane side by side; of several planes, a row for each channel."""
    return _stacked([planes[0]] if len(planes) == 1 else list(zip(*planes, strict=True)))


def _stacked(rows: Sequence[Sequence[Shown]]) -> Shown:
    return _joined([_joined(row, axis=1) for row in rows], axis=0)


def _joined(pictures: Sequence[Shown], axis: int) -> Shown:
    """The pictures along one axis, a black gap between them, each in the middle of the other axis."""
    across = max(shown.shape[1 - axis] for shown in pictures)
    strips = []
    for shown in pictures:
        strips += [np.zeros(_strip(_GAP, across, axis), np.uint8)]
        strips += [_centred(shown, _strip(shown.shape[axis], across, axis)[:2])]
    return np.concatenate(strips[1:], axis=axis)


def _strip(along: int, across: int, axis: int) -> tuple[int, int, int]:
    return (along, across, 3) if axis == 0 else (across, along, 3)


def _centred(shown: Shown, cell: Sequence[int]) -> Shown:
    return np.moveaxis(geometry.crop_or_pad(np.moveaxis(shown, 2, 0), cell), 0, 2)
