"""What does the browser get of a pair? Slices of values to be windowed there, and maps that are drawn here.

Values go as they are, in 8 or 16 bits, not as pictures: browsers that blur what scripts read back from pictures, so as
not to be tracked, would spoil them unseen.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Bool, Float64, Shaped

from doppelscan.encoders.detail import agreement
from doppelscan.images import Image
from doppelscan.images.geometry import resize
from doppelscan.images.montage import difference, picture, png
from doppelscan.images.placement import Placement
from doppelscan.images.slices import PLANES, Plane, axis_of, cut, in_plane
from doppelscan.report.overlays import coloured, hatched
from doppelscan.review.verdicts import pair_fingerprint
from doppelscan.review.voxels import as_nifti

__all__ = ["MAPS", "SIDES", "Drawn", "PairView", "Side", "Where"]

Side = Literal["synthetic", "training", "laid"]
Drawn = Literal["difference", "difference_laid", "agreement", "agreement_laid"]
SIDES: tuple[Side, ...] = get_args(Side)
MAPS: tuple[Drawn, ...] = get_args(Drawn)

Pixels = Shaped[np.ndarray, "c *space"]
Slice = Shaped[np.ndarray, "c rows columns"]

_TAILS = (0.5, 99.5)  # percentiles that are black and white before the reader changes it
_ENOUGH = 2**20  # values to take them of


@dataclass(frozen=True)
class Where:
    """One slice of one channel; a film has the one plane `film`, with one slice."""

    plane: str = "film"
    k: int = 0
    channel: int = 0


@dataclass(eq=False)
class PairView:
    """A pair as it is shown; `placement` says how the training image is laid onto the other, None as it is.

    Whatever takes long is made when it is first asked for, once.
    """

    synthetic: Image
    training: Image
    placement: Placement | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """What a verdict on this pair is told by."""
        return pair_fingerprint(self.synthetic, self.training)

    def described(self) -> dict[str, Any]:
        """What the browser must know before it asks for slices, in plain values."""
        sides = {"synthetic": self._values("synthetic"), "training": self._values("training")}
        return {
            "planes": self._planes(),
            "channels": 1 if self._colour else len(self.synthetic.stored),
            "colour": self._colour,
            "moved": self.placement is not None,
            "sides": {name: values.described() for name, values in sides.items()},
        }

    def holds(self, where: Where) -> bool:
        """Whether there is such a slice."""
        lengths = {plane["name"]: plane["slices"] for plane in self._planes()}
        channels = 1 if self._colour else len(self.synthetic.stored)
        return 0 <= where.k < lengths.get(where.plane, 0) and 0 <= where.channel < channels

    def values(self, side: Side, where: Where) -> bytes:
        """A slice of an image, row by row, little end first; the colours of a pixel stand together."""
        with self._lock:
            values = self._values(side)
        return values.served(where)

    def volume(self, side: Side, channel: int) -> bytes:
        """A channel of a whole volume, in the values of its slices, as NIfTI."""
        with self._lock:
            values = self._values(side)
        return as_nifti(values.whole(channel), self.synthetic.spacing_mm or self.training.spacing_mm)

    def drawn(self, name: Drawn, where: Where) -> bytes:
        """A slice of a map, as a PNG."""
        with self._lock:
            laid = name.endswith("_laid") and self.placement is not None
            draw = self._difference if name.startswith("difference") else self._agreement
            return png(draw(where, laid=laid))

    @property
    def _colour(self) -> bool:
        """Whether three channels are one colour."""
        return self.synthetic.stored.ndim == 3 and len(self.synthetic.stored) == 3

    def _planes(self) -> list[dict[str, Any]]:
        space = self.synthetic.space
        spacing = self.synthetic.spacing_mm or self.training.spacing_mm or (1.0,) * len(space)
        if len(space) == 2:
            return [_plane("film", 1, space, spacing)]
        return [
            _plane(name, space[axis_of(name)], in_plane(space, name), in_plane(spacing, name))
            for name in PLANES
        ]

    def _values(self, side: Side) -> _Values:
        values: _Values = getattr(self, f"_{side}")
        return values

    @cached_property
    def _synthetic(self) -> _Values:
        return _Values.of(self.synthetic.pixels, colour=self._colour)

    @cached_property
    def _training(self) -> _Values:
        return _Values.of(self.training.pixels, colour=self._colour)

    @cached_property
    def _laid(self) -> _Values:
        own = self._training
        return own if self.placement is None else own.changed(self.placement.laid(own.pixels))

    @cached_property
    def _beyond(self) -> Bool[np.ndarray, "*space"]:
        assert self.placement is not None, "nothing is beyond an image that is not moved"
        return ~self.placement.inside(self.synthetic.space)

    @cached_property
    def _agreed(self) -> Float64[np.ndarray, "*small"]:
        return agreement(self._synthetic.pixels, self._training.pixels)

    @cached_property
    def _agreed_laid(self) -> Float64[np.ndarray, "*small"]:
        return agreement(self._synthetic.pixels, self._laid.pixels)

    def _difference(self, where: Where, *, laid: bool) -> Shaped[np.ndarray, "rows columns 3"]:
        ours, theirs = (self._values(side) for side in ("synthetic", "laid" if laid else "training"))
        drawn = difference(ours.cut(where), theirs.cut(where))
        return hatched(drawn, _cut(self._beyond[None], where)[0]) if laid else drawn

    def _agreement(self, where: Where, *, laid: bool) -> Shaped[np.ndarray, "rows columns 3"]:
        small = self._agreed_laid if laid else self._agreed
        ours = self._synthetic.cut(where)
        agreed = resize(_part(small, where, self.synthetic.space).astype(np.float32), ours.shape[1:])[0]
        drawn = coloured(agreed.clip(0, 1).astype(np.float64), picture(ours))
        return hatched(drawn, _cut(self._beyond[None], where)[0]) if laid else drawn


@dataclass(frozen=True, eq=False)
class _Values:
    """An image in the values that are served: its own where these are of 8 bits, else 16 bits over its range."""

    pixels: Pixels
    low: Float64[np.ndarray, " c"]
    high: Float64[np.ndarray, " c"]
    colour: bool

    @staticmethod
    def of(pixels: Pixels, *, colour: bool) -> _Values:
        pixels = pixels.astype(np.uint8) * np.uint8(255) if pixels.dtype == bool else pixels
        flat = pixels.reshape(len(pixels), -1)
        if pixels.dtype == np.uint8:
            low, high = np.zeros(len(flat)), np.full(len(flat), 255.0)
        else:
            low, high = flat.min(axis=1).astype(np.float64), flat.max(axis=1).astype(np.float64)
        if colour:
            low, high = np.full(3, low.min()), np.full(3, high.max())
        return _Values(pixels, low, high, colour)

    def changed(self, pixels: Pixels) -> _Values:
        """Another image in the same scale."""
        return _Values(pixels, self.low, self.high, self.colour)

    @property
    def bits(self) -> int:
        return 8 if self.colour or self.pixels.dtype == np.uint8 else 16

    def described(self) -> dict[str, Any]:
        """The bits of a value, and from where to where each channel runs from black to white at first."""
        return {"bits": self.bits, "windows": [self._window(channel) for channel in range(len(self.low))]}

    def cut(self, where: Where) -> Slice:
        """The slice's own pixels: one channel, or the three of a colour."""
        channels = slice(None) if self.colour else slice(where.channel, where.channel + 1)
        return _cut(self.pixels[channels], where)

    def served(self, where: Where) -> bytes:
        """The slice as it is sent."""
        channels = slice(None) if self.colour else slice(where.channel, where.channel + 1)
        values = self._scaled(_cut(self.pixels[channels], where), channels)
        return np.ascontiguousarray(np.moveaxis(values, 0, -1)).tobytes()

    def whole(self, channel: int) -> Shaped[np.ndarray, "*space"]:
        """All values of a channel, as its slices have them."""
        one = slice(channel, channel + 1)
        return np.asarray(self._scaled(self.pixels[one], one)[0])

    def _scaled(self, pixels: Pixels, channels: slice) -> Pixels:
        if self.pixels.dtype == np.uint8:
            return pixels
        each = (-1, *(1 for _ in pixels.shape[1:]))
        low, high = self.low[channels].reshape(each), self.high[channels].reshape(each)
        shares = (pixels.astype(np.float64) - low) / np.where(high > low, high - low, 1.0)
        whole = np.rint(shares.clip(0, 1) * (2**self.bits - 1))
        return np.asarray(whole.astype("<u2" if self.bits == 16 else "u1"))

    def _window(self, channel: int) -> list[float]:
        """As `montage.picture` windows an image: colour from end to end, grey without its tails."""
        if self.colour:
            return [0.0, 255.0]
        flat = self.pixels[channel].ravel()
        some = flat[:: max(1, flat.size // _ENOUGH)][None]
        scaled = self._scaled(some, slice(channel, channel + 1))
        least, low, high, most = np.percentile(scaled, [0, _TAILS[0], _TAILS[1], 100]).tolist()
        return [low, high] if high > low else [least, most]


def _plane(name: str, n: int, shape: tuple[float, ...], spacing: tuple[float, ...]) -> dict[str, Any]:
    """A plane and its slices; `height` and `width` of a pixel as it is to be shown, the smaller one 1."""
    rows, columns = (int(length) for length in shape)
    height, width = (mm / min(spacing) for mm in spacing)
    return {
        "name": name,
        "slices": int(n),
        "rows": rows,
        "columns": columns,
        "height": height,
        "width": width,
    }


def _cut(pixels: Pixels, where: Where) -> Slice:
    return pixels if where.plane == "film" else cut(pixels, _named(where.plane), where.k)


def _part(small: Float64[np.ndarray, "*small"], where: Where, space: tuple[int, ...]) -> Slice:
    """The slice of a smaller picture of the volume that is nearest."""
    if where.plane == "film":
        return small[None]
    axis = axis_of(_named(where.plane))
    return cut(small[None], _named(where.plane), where.k * small.shape[axis] // space[axis])


def _named(plane: str) -> Plane:
    return next(known for known in PLANES if known == plane)
