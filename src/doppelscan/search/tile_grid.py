"""Where are the tiles of an image, and what is in them? Integers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float32, Int64, Shaped
from scipy import ndimage

from doppelscan.encoders.shades import no_longer_than, refuse_unless_finite, shrunk
from doppelscan.errors import InputError, Problem

__all__ = ["LENGTH", "Detail", "TileGrid", "TileSettings"]

LENGTH = 4090.0
"""How long the vector of a tile is. Its components are integers: with 4090**2 < 2**24, float32 holds the product of
two tiles, and all its partial sums, exactly. It differs from the true correlation by about 1e-4."""

_LEAST_DETAIL = 1e-3  # standard deviation of a tile with detail, as a share of its image's


@dataclass(frozen=True)
class Detail:
    """What is left of an image when only its grain and finest lines are looked at; shares are of the image's range.

    Attributes
    ----------
    finer
        Only what a blur of so many pixels removes.
    most
        Lines count as much as this share, however high they are.
    steep
        Where the image rises by this share within a pixel, its detail counts half, and where it is steeper ever less:
        outlines, as those of heads, lie alike in a few strangers.
    grain
        The deviation of noise by which nobody is known: where a tile has as much of it as of detail, its correlations
        are half of what they would be.
    """

    finer: float = 1.0
    most: float = 1 / 64
    steep: float = 1 / 64
    grain: float = 1 / 512

    def of(self, image: Float32[np.ndarray, "c *space"]) -> Float32[np.ndarray, "c *space"]:
        """The detail of an image of range 1."""
        return np.stack([self._of_channel(channel) for channel in image])

    def _of_channel(self, channel: Float32[np.ndarray, "*space"]) -> Float32[np.ndarray, "*space"]:
        fine = channel - ndimage.gaussian_filter(channel, self.finer, mode="nearest")
        slope = ndimage.gaussian_gradient_magnitude(channel, self.finer, mode="nearest")
        return np.asarray(np.clip(fine, -self.most, self.most) / (1 + np.square(slope / self.steep)))


@dataclass(frozen=True)
class TileSettings:
    """Tiles of `tile` pixels every `step` pixels of images shrunk to `side` along their longest side.

    Each query is compared as it is and, if `mirrored`, with left and right exchanged; all of it, or its `detail` only.
    """

    side: int = 64
    tile: int = 10
    step: int = 5
    mirrored: bool = True
    detail: Detail | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.step <= self.tile <= self.side or self.tile < 2:
            what = f"tiles of {self.tile} every {self.step} in images of {self.side} pixels"
            raise InputError(Problem(what, cure="give step <= tile <= side, and tiles of at least 2 pixels"))


@dataclass(frozen=True)
class TileGrid:
    """The tiles of images of one shape, along each axis of space; a place is a block of two along each."""

    shape: tuple[int, ...]
    small: tuple[int, ...]
    tile: tuple[int, ...]
    step: int
    detail: Detail | None = None

    @staticmethod
    def of(shape: tuple[int, ...], settings: TileSettings) -> TileGrid:
        """The grid of images of this shape (c, *space); small images are not enlarged."""
        small = no_longer_than(settings.side, shape[1:])
        tile = tuple(min(settings.tile, length) for length in small)
        return TileGrid(shape, small, tile, settings.step, settings.detail)

    @property
    def n_tiles(self) -> tuple[int, ...]:
        """Tiles along each axis."""
        return tuple((side - tile) // self.step + 1 for side, tile in zip(self.small, self.tile, strict=True))

    @property
    def places(self) -> Int64[np.ndarray, "places tiles"]:
        """The tiles of each place: two neighbours along each axis that has as many."""
        number = np.arange(np.prod(self.n_tiles)).reshape(self.n_tiles)
        for axis, n in enumerate(self.n_tiles):
            pairs = [np.arange(max(1, n - 1)), np.arange(min(1, n - 1), n)]
            number = np.stack([number.take(side, axis) for side in pairs], axis=-1)
        return np.asarray(number.reshape(-1, 2 ** len(self.n_tiles)))

    @property
    def left_right(self) -> int:
        """The axis, of images (n, c, *space), from left to right: columns of a film, the first of a volume."""
        return 3 if len(self.small) == 2 else 2

    def box(self, place: int) -> tuple[slice, ...]:
        """The pixels, of an image as stored, that the tiles of a place cover."""
        n_places = tuple(max(1, n - 1) for n in self.n_tiles)
        corner = np.array(np.unravel_index(place, n_places)) * self.step
        size = np.array(self.tile) + self.step * (np.array(self.n_tiles) > 1)
        scale = np.array(self.shape[1:]) / np.array(self.small)
        ends = np.rint(np.stack([corner, corner + size]) * scale).astype(int).T
        return tuple(slice(int(low), int(high)) for low, high in ends)

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "tiles n d"]:
        """Every tile of these images, each channel centred: integers of length LENGTH, zeros without detail.

        Raises
        ------
        InputError
            If the images have another shape, or a pixel is NaN, infinite or no real number.
        """
        _refuse_other(pixels, self.shape)
        small = np.stack([shrunk(image, self.small) for image in pixels])
        if self.detail:
            small = np.stack([self.detail.of(image) for image in small])
        least = _LEAST_DETAIL * small.reshape(len(small), -1).std(axis=1)
        corners = product(*(range(0, n * self.step, self.step) for n in self.n_tiles))
        return np.stack([self._tile(small, corner, least) for corner in corners])

    def _tile(
        self,
        small: Float32[np.ndarray, "n c *small"],
        corner: tuple[int, ...],
        least: Float32[np.ndarray, "n"],
    ) -> Float32[np.ndarray, "n d"]:
        box = tuple(slice(at, at + side) for at, side in zip(corner, self.tile, strict=True))
        tile = small[:, :, *box].reshape(*small.shape[:2], -1).astype(np.float64)
        centred = (tile - tile.mean(axis=2, keepdims=True)).reshape(len(small), -1)
        length = np.sqrt((centred * centred).sum(axis=1))
        has_detail = length > np.maximum(least * np.sqrt(centred.shape[1]), np.finfo(np.float32).tiny)
        if self.detail:
            length = np.hypot(length, self.detail.grain * np.sqrt(centred.shape[1]))
        unit = centred / np.where(has_detail, length, np.inf)[:, None]
        return np.asarray(np.rint(unit * LENGTH), dtype=np.float32)


def _refuse_other(pixels: Shaped[np.ndarray, "n c *space"], shape: tuple[int, ...]) -> None:
    if pixels.shape[1:] != shape:
        what = f"images of shape {pixels.shape[1:]} cannot be compared with images of shape {shape}"
        cure = "bring all to one with `doppelscan prepare --size` or `audit --size`"
        raise InputError(Problem(what, cure=cure))
    refuse_unless_finite(pixels)
