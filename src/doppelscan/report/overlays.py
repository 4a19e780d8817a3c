"""How an aligned pair is shown: both images on one grid, where they agree, and the outline of the part that does.

Everything is drawn on `picture`'s layout, so that channels and slices of volumes are where they are without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped, UInt8
from scipy import ndimage

from doppelscan.findings import AlignedPair
from doppelscan.images import Image
from doppelscan.images.geometry import resize
from doppelscan.images.montage import picture, shrunk
from doppelscan.images.numbers import as_dtype

__all__ = ["AlignedPictures", "aligned_pictures", "coloured", "hatched"]

Shown = UInt8[np.ndarray, "_rows _columns 3"]
Drawn = Bool[np.ndarray, "_rows _columns"]

FINEST = 256  # pixels along the shorter side, up to which a picture is enlarged: lines are to be thin
# From nothing in common to all: dark blue over grey to yellow, ever lighter, told apart by every kind of colour vision.
SCALE = np.array(
    [(0, 34, 78), (53, 69, 108), (102, 105, 112), (148, 142, 119), (200, 184, 102), (254, 232, 56)],
    np.float32,
)
RELIEF = 0.4  # how much darker the image's darkest places make the scale's colours
LINE, HALO = np.array([(90, 230, 255), (0, 0, 0)], np.uint8)
HATCHES = (70, 110)  # the greys of what lies beyond the training image


@dataclass(frozen=True)
class AlignedPictures:
    """The synthetic image, the training image laid onto it, and where they agree."""

    synthetic: Shown
    training: Shown
    agreement: Shown


def aligned_pictures(
    synthetic: Image, training: Image, pair: AlignedPair, *, outlined: bool, longest: int
) -> AlignedPictures:
    """The three pictures of a pair, none longer than `longest` unless it is wide: then three times as long.

    With `outlined`, the part that agrees, if only a part does, has an outline in all of them.
    """
    spacing = synthetic.spacing_mm or training.spacing_mm  # both are on one grid
    canvas = _Canvas(synthetic.pixels, spacing, longest)
    panels = canvas.mask(np.ones(synthetic.space, dtype=np.float32))  # without the gaps between them
    beyond = panels & ~canvas.mask(pair.placement.inside(synthetic.space))
    part = canvas.mask(_rounded(pair.part, synthetic.space)) if outlined and pair.part is not None else None
    own, laid = canvas.own, canvas.shown(pair.placement.laid(training.pixels))
    agreement = canvas.values(_grown(pair.agreement / 100, synthetic.space))
    agreed = np.where(panels[..., None], coloured(agreement, own), np.uint8(0))
    pictures = own, hatched(laid, beyond), hatched(agreed, beyond)
    return AlignedPictures(*(picture if part is None else _lined(picture, part) for picture in pictures))


def coloured(agreement: Float[np.ndarray, "_rows _columns"], image: Shown) -> Shown:
    """The colours of agreement, darker where the image is dark, so that one sees where one is."""
    place = agreement * (len(SCALE) - 1)
    below = np.minimum(place.astype(int), len(SCALE) - 2)
    share = (place - below)[..., None]
    colours = (1 - share) * SCALE[below] + share * SCALE[below + 1]
    relief = 1 - RELIEF * (1 - image.mean(axis=2, dtype=np.float32, keepdims=True) / 255)
    return as_dtype(np.asarray(colours * relief), np.dtype(np.uint8))


def hatched(shown: Shown, beyond: Drawn) -> Shown:
    """The picture with stripes where there is no counterpart."""
    rows, columns = np.indices(beyond.shape)
    width = _line_width(shown) * 3
    stripes = np.where((rows + columns) // width % 2, *HATCHES).astype(np.uint8)
    return np.where(beyond[..., None], stripes[..., None], shown)


@dataclass(frozen=True, eq=False)
class _Canvas:
    """The layout of an image's picture, and anything on the image's grid in it."""

    pixels: Shaped[np.ndarray, "c *space"]
    spacing_mm: Sequence[float] | None
    longest: int

    @property
    def own(self) -> Shown:
        return self.shown(self.pixels)

    def shown(
        self, pixels: Shaped[np.ndarray, "c *space"], window: tuple[float, float] | None = None
    ) -> Shown:
        shown = picture(pixels, window, spacing_mm=self.spacing_mm)
        rows, columns = shown.shape[:2]
        times = max(1, min(-(-FINEST // min(rows, columns)), 2 * self.longest // max(rows, columns)))
        shown = np.repeat(np.repeat(shown, times, axis=0), times, axis=1)
        return shrunk(shown, self.longest * 3 if columns > 1.8 * rows else self.longest)

    def values(self, values: Shaped[np.ndarray, "*space"]) -> Float[np.ndarray, "_rows _columns"]:
        """Values from 0 to 1, the same in every channel."""
        every = np.repeat(values[None].astype(np.float32), len(self.pixels), axis=0)
        return self.shown(every, (0.0, 1.0))[..., 0] / np.float32(255)

    def mask(self, mask: Shaped[np.ndarray, "*space"]) -> Drawn:
        return np.asarray(self.values(mask) > 0.5)


def _grown(small: Shaped[np.ndarray, "*small"], space: tuple[int, ...]) -> Float[np.ndarray, "*space"]:
    return np.asarray(resize(small[None].astype(np.float32), space)[0])


def _rounded(part: Bool[np.ndarray, "*small"], space: tuple[int, ...]) -> Float[np.ndarray, "*space"]:
    """The part with its corners rounded by a pixel of the small picture."""
    return _grown(ndimage.gaussian_filter(part.astype(np.float32), 1.0, mode="nearest"), space)


def _lined(shown: Shown, part: Drawn) -> Shown:
    """The picture with a light line in a dark one around the part: it is seen on any ground."""
    width = _line_width(shown)
    thick, thin = (ndimage.binary_erosion(part, iterations=n * width) for n in (3, 1))
    middle = ndimage.binary_erosion(part, iterations=2 * width)
    lined = np.where((part & ~thick)[..., None], HALO, shown)
    return np.where((thin & ~middle)[..., None], LINE, lined)


def _line_width(shown: Shown) -> int:
    return max(1, round(int(min(shown.shape[:2])) / 100))
