"""Where does one image lie on another, and what is seen there? A map in plain numbers, without torch.

Positions are measured from the centre of an image in halves of its longest side, in the order of its axes, so that
they mean the same at any size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Shaped
from scipy import ndimage

from doppelscan.images.numbers import as_dtype, as_float

__all__ = ["Placement"]

_AT_ONCE = 2**20  # pixels whose sources are in memory


@dataclass(frozen=True, eq=False)
class Placement:
    """How an image is laid onto another of its shape.

    Position x shows what the image has at `matrix @ (x + bend(x)) + offset`, and with `inverted` its negative.

    Attributes
    ----------
    controls
        Coefficients of the bend: uniform cubic B-splines, n along each axis, of which the outer two lie outside the
        image. None without a bend.
    """

    matrix: Float64[np.ndarray, "d d"]
    offset: Float64[np.ndarray, " d"]
    controls: Float64[np.ndarray, "d *n"] | None = None
    inverted: bool = False

    @property
    def bends(self) -> bool:
        """Whether there is more than an affine map."""
        return self.controls is not None

    def laid(self, pixels: Shaped[np.ndarray, "c *space"]) -> Shaped[np.ndarray, "c *space"]:
        """The image as it lies, in its own type, interpolated linearly; beyond its border that repeats."""
        values = as_float(pixels)
        if self.inverted:
            each = tuple(range(1, values.ndim))
            values = values.max(axis=each, keepdims=True) + values.min(axis=each, keepdims=True) - values
        laid = np.empty_like(pixels)
        for slab, sources in self._slabs(pixels.shape[1:]):
            places = _as_pixels(sources, pixels.shape[1:])
            for channel, image in zip(laid, values, strict=True):
                seen = ndimage.map_coordinates(image, places, order=1, mode="nearest")
                channel[slab] = as_dtype(seen, pixels.dtype)
        return laid

    def inside(self, space: tuple[int, ...]) -> Bool[np.ndarray, "*space"]:
        """Which pixels, of so many, show a place within the image."""
        within = np.empty(space, dtype=bool)
        extent = np.array(space).reshape(-1, *(1 for _ in space)) / max(space)
        for slab, sources in self._slabs(space):
            within[slab] = (np.abs(sources) <= extent).all(axis=0)
        return within

    def described(self) -> str:
        """What became of the image, in words that programs can split; `as_it_is` where nothing did.

        In this order, each only where it can be seen: `mirrored` (left and right exchanged, before all else),
        `turned_8` (degrees; of a film counter-clockwise if positive), `scaled_1.12` (larger than before), `stretched`
        (more along one direction than another), `shifted_5` (percent of the longest side), `bent`, `inverted`.
        """
        return " ".join(self._steps()) or "as_it_is"

    def _steps(self) -> Iterator[str]:
        moved = np.linalg.inv(self.matrix)  # where the image's own positions go
        left, lengths, right = np.linalg.svd(moved)
        turn = left @ right
        if np.linalg.det(turn) < 0:
            yield "mirrored"
            turn = turn @ _mirror(len(turn))
        if abs(degrees := round(_degrees(turn))) >= 1:
            yield f"turned_{degrees}"
        if abs((factor := float(lengths.prod() ** (1 / len(lengths)))) - 1) >= 0.015:
            yield f"scaled_{factor:.2f}"
        if lengths[0] / lengths[-1] >= 1.03:
            yield "stretched"
        if (percent := round(50 * float(np.linalg.norm(moved @ self.offset)))) >= 1:
            yield f"shifted_{percent}"
        if self.controls is not None and np.abs(self.controls).max() >= 0.01:
            yield "bent"
        if self.inverted:
            yield "inverted"

    def _slabs(self, space: tuple[int, ...]) -> Iterator[tuple[slice, Float64[np.ndarray, "d *slab"]]]:
        """Where the pixels come from, a few rows at a time."""
        axes = [(2 * np.arange(length) + 1 - length) / max(space) for length in space]
        n = 0 if self.controls is None else self.controls.shape[-1]
        splines = [_splines(length, n) for length in space] if n else []
        rows = max(1, _AT_ONCE * space[0] // int(np.prod(space)))
        for start in range(0, space[0], rows):
            slab = slice(start, start + rows)
            positions = np.stack(np.meshgrid(axes[0][slab], *axes[1:], indexing="ij"))
            if splines:
                positions += _spread(self.controls, [splines[0][slab], *splines[1:]])
            moved = np.tensordot(self.matrix, positions, axes=1)
            yield slab, moved + self.offset.reshape(-1, *(1 for _ in space))


def _as_pixels(
    sources: Float64[np.ndarray, "d *slab"], space: tuple[int, ...]
) -> Float64[np.ndarray, "d *slab"]:
    last = np.array(space).reshape(-1, *(1 for _ in space)) - 1
    return np.asarray((sources * max(space) + last) / 2)


def _spread(
    controls: Float64[np.ndarray, "d *n"] | None, splines: list[Float64[np.ndarray, "_ n"]]
) -> Float64[np.ndarray, "d *slab"]:
    """The bend at every pixel; each turn replaces the first axis of controls by one of pixels, put last."""
    bend = np.asarray(controls)
    for values in splines:
        bend = np.tensordot(bend, values, axes=(1, 1))
    return bend


def _splines(length: int, n: int) -> Float64[np.ndarray, "length n"]:
    """At each pixel the values of `n` uniform cubic B-splines, which sum to 1."""
    places = 1 + (np.arange(length) + 0.5) / length * (n - 3)
    distance = np.abs(places[:, None] - np.arange(n))
    near = 2 / 3 - distance**2 + distance**3 / 2
    return np.asarray(np.where(distance < 1, near, np.clip(2 - distance, 0, None) ** 3 / 6))


def _mirror(n_axes: int) -> Float64[np.ndarray, "d d"]:
    """Left and right exchanged: the columns of a film, the first axis of a volume."""
    signs = np.ones(n_axes)
    signs[-1 if n_axes == 2 else 0] = -1
    return np.diag(signs)


def _degrees(turn: Float[np.ndarray, "d d"]) -> float:
    """The angle of a turn; of a volume's it has no sign."""
    if len(turn) == 2:
        return float(np.degrees(np.arctan2(turn[1, 0], turn[0, 0])))
    return float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))
