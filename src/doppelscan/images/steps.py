"""What each step of a preparation does to one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Shaped

from doppelscan.errors import UnreadableImage
from doppelscan.images import geometry
from doppelscan.images.image import Image
from doppelscan.images.slices import Plane, axis_of, cut, in_plane

__all__ = ["Foreground", "Piece", "at_size", "at_spacing", "framed", "sliced"]


@dataclass(frozen=True)
class Piece:
    """What preparing one image gives: the image itself (`k` is None), or its slice `k`."""

    k: int | None
    image: Image


@dataclass(frozen=True)
class Foreground:
    """Which slices are kept: those where more than a `share` of the pixels of `channel` exceed `above`."""

    share: float
    above: float
    channel: int

    def keeps(self, image: Image) -> bool:
        """Whether there is enough foreground; a share of 0 keeps every slice."""
        if self.share == 0:
            return True
        if self.channel >= len(image.stored):
            raise UnreadableImage(
                f"has {len(image.stored)} channels, counted from 0: no channel {self.channel}"
            )
        return float(np.mean(image.pixels[self.channel] > self.above)) > self.share


def at_spacing(image: Image, target_mm: float) -> Image:
    """The image resampled to `target_mm` along every axis; UnreadableImage where its spacing is unknown."""
    if image.spacing_mm is None:
        raise UnreadableImage(f"does not say its spacing, so it cannot be resampled to {target_mm:g} mm")
    stored = geometry.resample(image.stored, image.spacing_mm, target_mm)
    return replace(image, stored=stored, spacing_mm=(target_mm,) * len(image.spacing_mm))


def sliced(image: Image, plane: Plane, foreground: Foreground) -> list[Piece]:
    """The slices of a volume that have enough foreground, as they are shown (see `slices.cut`)."""
    if len(image.space) != 3:
        raise UnreadableImage(f"has {len(image.space)} axes of space, so it has no {plane} slices")
    spacing_mm = image.spacing_mm and in_plane(image.spacing_mm, plane)
    slices = (
        Piece(k, replace(image, stored=cut(image.stored, plane, k), spacing_mm=spacing_mm))
        for k in range(image.space[axis_of(plane)])
    )
    return [piece for piece in slices if foreground.keeps(piece.image)]


def at_size(image: Image, size: tuple[int, ...], fit: geometry.Fit) -> Image:
    """The image on `size` pixels: stretched, or with its aspect ratio kept and then padded or cropped."""
    frame = _for_axes_of(image, size)
    shape = geometry.fitted_shape(image.space, frame, fit)
    resized = replace(
        image, stored=geometry.resize(image.stored, shape), spacing_mm=_spacing_after(image, shape)
    )
    return framed(resized, frame)


def framed(image: Image, shape: tuple[int, ...]) -> Image:
    """The image cropped or padded about its centre; what is padded has the lowest value of its channel."""
    frame = _for_axes_of(image, shape)
    return replace(image, stored=geometry.crop_or_pad(image.stored, frame, _darkest(image)))


def _for_axes_of(image: Image, shape: tuple[int, ...]) -> tuple[int, ...]:
    n_axes = len(image.space)
    if len(shape) not in (1, n_axes):
        raise UnreadableImage(
            f"has {n_axes} axes of space, not the {len(shape)} of {'x'.join(map(str, shape))}"
        )
    return shape * n_axes if len(shape) == 1 else shape


def _spacing_after(image: Image, shape: Sequence[int]) -> tuple[float, ...] | None:
    if image.spacing_mm is None:
        return None
    return tuple(mm * old / new for mm, old, new in zip(image.spacing_mm, image.space, shape, strict=True))


def _darkest(image: Image) -> Shaped[np.ndarray, " c"]:
    """The stored pixel of the lowest value in each channel: the largest one where the slope is negative."""
    darkest = np.max if image.slope < 0 else np.min
    return np.asarray(darkest(image.stored.reshape(len(image.stored), -1), axis=1))
