"""What partial copies are: a region of one image inside another, at its own place or elsewhere.

As with transforms, no encoder may be trained with this code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy import ndimage

from doppelscan.images.numbers import as_dtype, as_float
from doppelscan.images.transforms import Transform, by_name

__all__ = ["PARTS", "PartialCopy", "Pasted"]

_SEAM = 4  # pixels from the border of a region to where nothing of the host is left
_DRAWS = 8  # places that are tried for a box with detail


@dataclass(frozen=True, eq=False)
class Pasted:
    """An image with a region of another in it: `region` is where it lies, `source_region` where it was."""

    pixels: Shaped[np.ndarray, "c *space"]
    region: Bool[np.ndarray, "*space"]
    source_region: Bool[np.ndarray, "*space"]


@dataclass(frozen=True)
class PartialCopy:
    """A way to put a part of an image into another.

    The part is a box with the proportions of the image and this `share` of its area or volume. It is moved
    along each axis by at most the share `moved` of its length, by whole pixels, and stays within the image;
    it is `mirrored`, left for right, every second time; the source goes through `changes` before.
    """

    name: str
    share: float
    moved: float = 0.0
    mirrored: bool = False
    changes: tuple[Transform, ...] = ()

    unit: ClassVar[str] = "share of the area or volume that is copied"
    needs_other: ClassVar[bool] = True
    graded: ClassVar[bool] = True

    @property
    def strength(self) -> float:
        """The part's share."""
        return self.share

    def at(self, fraction: float) -> PartialCopy:
        """The copy at a fraction of this strength: at 0 the whole image, at 2 a quarter of a quarter.

        The share is raised to that power; how far the part is moved, and the changes before, are fractions of
        what they are here. It is mirrored as often.
        """
        return replace(
            self,
            share=self.share**fraction,
            moved=self.moved * fraction,
            changes=tuple(change.at(fraction) for change in self.changes),
        )

    def __call__(
        self,
        source: Shaped[np.ndarray, "c *space"],
        host: Shaped[np.ndarray, "c *space"],
        rng: np.random.Generator,
        *,
        region: Bool[np.ndarray, "*space"] | None = None,
    ) -> Pasted:
        """The host, in its own type, with a box of the source in it, or the given region of it.

        A box lies where the source has detail, if a few draws find such a place. Along its border the region
        fades into the host over three pixels.
        """
        region = _box(source, self.share, rng) if region is None else region
        assert region.any(), "a region has pixels"
        old = ndimage.find_objects(region.astype(np.uint8))[0]
        new = tuple(
            _moved(axis, length, self.moved, rng) for axis, length in zip(old, region.shape, strict=True)
        )
        for change in self.changes:
            source = change(source, rng)
        part, mask = source[:, *old], region[old]
        if self.mirrored and rng.random() < 0.5:
            part, mask = np.flip(part, _left_right(part) + 1), np.flip(mask, _left_right(part))
        there = np.zeros_like(region)
        there[new] = mask
        return Pasted(_pasted(part, _weight(mask), host, new), there, region.copy())


PARTS: tuple[PartialCopy, ...] = (
    PartialCopy("quarter", 1 / 4),
    PartialCopy("ninth", 1 / 9),
    PartialCopy("moved_quarter", 1 / 4, moved=0.25, mirrored=True, changes=by_name(["gamma", "noise"])),
)


def _box(
    source: Shaped[np.ndarray, "c *space"], share: float, rng: np.random.Generator
) -> Bool[np.ndarray, "*space"]:
    """A box with at least half of the image's standard deviation, or the last of some draws."""
    space = np.array(source.shape[1:])
    sides = np.maximum(1, np.rint(space * share ** (1 / len(space)))).astype(int)
    for _ in range(_DRAWS):
        start = rng.integers(0, space - sides + 1)
        box = tuple(slice(first, first + side) for first, side in zip(start, sides, strict=True))
        if source[:, *box].std(dtype=np.float64) >= source.std(dtype=np.float64) / 2:
            break
    region = np.zeros(tuple(space), dtype=bool)
    region[box] = True
    return region


def _moved(place: slice, length: int, share: float, rng: np.random.Generator) -> slice:
    """The place along one axis, moved by whole pixels within the image."""
    low, high = max(-share * length, -place.start), min(share * length, length - place.stop)
    by = int(rng.uniform(low, high))
    return slice(place.start + by, place.stop + by)


def _left_right(part: Shaped[np.ndarray, "c *box"]) -> int:
    """The axis of space from left to right: the columns of a film, the first of a volume."""
    return 1 if part.ndim == 3 else 0


def _weight(mask: Bool[np.ndarray, "*box"]) -> Float[np.ndarray, "*box"]:
    """How much of a pixel is the part's: 0 outside the mask, rising along its border to 1."""
    distance = ndimage.distance_transform_edt(np.pad(mask, 1))[(slice(1, -1),) * mask.ndim]
    return np.asarray(np.minimum(distance / min(_SEAM, distance.max()), 1))


def _pasted(
    part: Shaped[np.ndarray, "c *box"],
    weight: Float[np.ndarray, "*box"],
    host: Shaped[np.ndarray, "c *space"],
    place: tuple[slice, ...],
) -> Shaped[np.ndarray, "c *space"]:
    values = (1 - weight) * as_float(host[:, *place]) + weight * as_float(part)
    pixels = host.copy()
    pixels[:, *place] = as_dtype(values, host.dtype)
    return pixels
