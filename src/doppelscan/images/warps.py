"""How the pixels of an image are moved: by an affine map about its centre, or by a smooth random field.

All channels move alike. Values between pixels are interpolated linearly; beyond the border it repeats.
Films in float32 are moved by OpenCV, ten times as fast as all else by SciPy; before its version 5, OpenCV rounds
positions to 1/32 of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, Float32
from scipy import ndimage

__all__ = ["Affine", "crop", "elastic", "quarter_turn", "rotation", "shift", "warp", "zoom"]

Values = Float[np.ndarray, "c *space"]

_LONGEST_FILM = 2**15 - 2  # along either side, for OpenCV
_WAVES = 4  # of the elastic field along each axis; the shortest is two thirds of the image long


@dataclass(frozen=True)
class Affine:
    """Where a pixel of the new image comes from, in pixels from the centre: `matrix @ position + offset`."""

    matrix: Float[np.ndarray, "d d"]
    offset: Float[np.ndarray, " d"]

    def after(self, other: Affine) -> Affine:
        """The map that is `other` first, then this one."""
        return Affine(other.matrix @ self.matrix, other.matrix @ self.offset + other.offset)


def warp(values: Values, affine: Affine) -> Values:
    """The image moved by an affine map about its centre."""
    centre = (np.array(values.shape[1:]) - 1) / 2
    offset = centre + affine.offset - affine.matrix @ centre
    if _is_film(values):
        return _film_warped(values, affine.matrix, offset)
    moved = [
        ndimage.affine_transform(channel, affine.matrix, offset, order=1, mode="nearest")
        for channel in values
    ]
    return np.stack(moved)


def rotation(n_axes: int, degrees: float, rng: np.random.Generator) -> Affine:
    """A turn by at most `degrees`, either way, in the plane of the image or in any plane of a volume."""
    angle = np.radians(rng.uniform(-degrees, degrees))
    u, v = np.linalg.qr(rng.normal(size=(n_axes, 2)))[0].T
    turn = np.sin(angle) * (np.outer(v, u) - np.outer(u, v))
    shrink = (np.cos(angle) - 1) * (np.outer(u, u) + np.outer(v, v))
    return Affine(np.eye(n_axes) + turn + shrink, np.zeros(n_axes))


def shift(space: tuple[int, ...], share: float, rng: np.random.Generator) -> Affine:
    """A shift along each axis by at most `share` of its length, either way."""
    return Affine(np.eye(len(space)), np.array(space) * rng.uniform(-share, share, len(space)))


def zoom(n_axes: int, share: float, rng: np.random.Generator) -> Affine:
    """A zoom by a factor of at most 1 + `share`, in or out."""
    factor = (1 + share) ** rng.uniform(-1, 1)
    return Affine(np.eye(n_axes) / factor, np.zeros(n_axes))


def quarter_turn(n_axes: int, rng: np.random.Generator) -> Affine:
    """One, two or three quarter turns in the plane of two axes; what then sticks out of the image is lost."""
    u, v = np.eye(n_axes)[rng.choice(n_axes, 2, replace=False)]
    n_turns = int(rng.integers(1, 4))
    once = np.eye(n_axes) - np.outer(u, u) - np.outer(v, v) + np.outer(v, u) - np.outer(u, v)
    return Affine(np.linalg.matrix_power(once, n_turns), np.zeros(n_axes))


def crop(space: tuple[int, ...], share: float, rng: np.random.Generator) -> Affine:
    """A window of this share of the area or volume, anywhere in the image, enlarged to the whole."""
    side = share ** (1 / len(space))
    room = (1 - side) * (np.array(space) - 1) / 2
    return Affine(side * np.eye(len(space)), room * rng.uniform(-1, 1, len(space)))


def elastic(values: Values, share: float, rng: np.random.Generator) -> Values:
    """The image bent by a smooth field that moves a pixel by typically `share` of the longest side."""
    space = values.shape[1:]
    positions = [
        start.astype(values.dtype) + _smooth_field(space, share * max(space), rng, values.dtype)
        for start in np.ogrid[tuple(map(slice, space))]
    ]
    if _is_film(values):
        return _film_taken(values, *positions)
    return np.stack(
        [ndimage.map_coordinates(channel, positions, order=1, mode="nearest") for channel in values]
    )


def _is_film(values: Values) -> bool:
    """Whether OpenCV can move the image, and as exactly as SciPy."""
    return values.ndim == 3 and values.dtype == np.float32 and max(values.shape[1:]) <= _LONGEST_FILM


def _film_warped(
    values: Float32[np.ndarray, "c h w"], matrix: Float[np.ndarray, "2 2"], offset: Float[np.ndarray, " 2"]
) -> Float32[np.ndarray, "c h w"]:
    """Each pixel from `matrix @ position + offset`; OpenCV counts columns before rows."""
    there = np.column_stack([matrix, offset])[::-1, [1, 0, 2]]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = values.shape[:0:-1]
    moved = [
        cv2.warpAffine(channel, there, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for channel in np.ascontiguousarray(values)
    ]
    return np.stack(moved)


def _film_taken(
    values: Float32[np.ndarray, "c h w"],
    rows: Float32[np.ndarray, "h w"],
    columns: Float32[np.ndarray, "h w"],
) -> Float32[np.ndarray, "c h w"]:
    """Each pixel from its row and column."""
    taken = [
        cv2.remap(channel, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for channel in np.ascontiguousarray(values)
    ]
    return np.stack(taken)


def _smooth_field(
    space: tuple[int, ...], deviation: float, rng: np.random.Generator, dtype: np.dtype[Any]
) -> Float[np.ndarray, "*space"]:
    """A random sum of slow cosines, of this standard deviation on average."""
    field = rng.normal(size=(_WAVES,) * len(space)) * (deviation / np.sqrt(_WAVES ** len(space)))
    field = field.astype(dtype)
    for length in space:  # each turn replaces the first axis of coefficients by an axis of pixels, put last
        field = np.tensordot(field, _cosines(length).astype(dtype), axes=(0, 1))
    return np.asarray(field)


def _cosines(length: int) -> Float[np.ndarray, "length waves"]:
    """The first cosines on `length` pixels, each of mean square 1 (the orthonormal basis of the DCT-II)."""
    waves = np.cos(np.pi * np.arange(_WAVES) * (np.arange(length)[:, None] + 0.5) / length)
    return waves * np.where(np.arange(_WAVES) > 0, np.sqrt(2), 1)
