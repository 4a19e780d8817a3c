"""Where do images that join the real ones come from? A set, the real images once more, or their augmented selves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64, Int64, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.store import fingerprint

__all__ = ["Augmented", "Duplicated", "Given", "Maker", "interpolated", "without"]


@runtime_checkable
class Maker(Protocol):
    """Whatever gives images to join those that the classifier is granted.

    Attributes
    ----------
    name
        The arm of the grid; a strategy of generation.
    refitted
        Whether it knows no real images but those granted. Of a maker that does, or may, the report warns.
    """

    @property
    def name(self) -> str:
        """The arm of the grid."""
        ...

    @property
    def refitted(self) -> bool:
        """Whether it knows no real images but those granted."""
        ...

    @property
    def fingerprint(self) -> str:
        """What tells its images from all others'."""
        ...

    def make(self, granted: ImageSet, counts: Mapping[str, int], seed: int) -> ImageSet:
        """So many images of each label, or as many as there are; fewer are the first of more.

        `source_id` in the table names the granted image that one was made from, where there is one.
        """
        ...


@dataclass(frozen=True, eq=False)
class Given:
    """Images that are there already; which real images they were made from is taken on trust."""

    images: ImageSet
    name: str = "synthetic"
    refitted: bool = False

    @property
    def fingerprint(self) -> str:
        """That of the images."""
        return self.images.fingerprint

    def make(self, granted: ImageSet, counts: Mapping[str, int], seed: int) -> ImageSet:
        """The first of each label, in an order drawn by `seed`; what was granted does not matter."""
        labels = self.images.table["label"].to_numpy()
        order = stream(seed, "utility given", self.name).permutation(len(labels))
        parts = [order[labels[order] == label][:count] for label, count in counts.items()]
        return self.images.take(np.concatenate(parts).astype(np.int64))


@dataclass(frozen=True)
class Duplicated:
    """The granted images again, in turn: more steps, no new image."""

    name: str = "duplicated"
    refitted: bool = True

    @property
    def fingerprint(self) -> str:
        """There is nothing to tell apart."""
        return fingerprint(["duplicated", 1])

    def make(self, granted: ImageSet, counts: Mapping[str, int], seed: int) -> ImageSet:
        """Each label's images, over and over."""
        return _again(granted, _in_turn(granted, counts))


@dataclass(frozen=True)
class Augmented:
    """The granted images mirrored, shifted, zoomed, and another contrast and brightness, each by its own chance."""

    name: str = "augmented"
    refitted: bool = True

    @property
    def fingerprint(self) -> str:
        """The version of what is done."""
        return fingerprint(["augmented", 2])

    def make(self, granted: ImageSet, counts: Mapping[str, int], seed: int) -> ImageSet:
        """Each label's images in turn, changed."""
        again = _again(granted, _in_turn(granted, counts))
        changed = [
            _changed(again[row].pixels, stream(seed, "utility augmented", source, row))
            for row, source in enumerate(again.table["source_id"])
        ]
        shape = (0, *granted.shape)
        pixels = np.stack(changed) if changed else np.empty(shape, granted.pixels.dtype)
        return ImageSet.from_arrays(pixels, again.table, name="augmented")


def without(images: ImageSet, ids: frozenset[str]) -> ImageSet:
    """The set without the images of these ids.

    Raises
    ------
    InputError
        If it holds none of them: the ids are of another set.
    """
    named = images.table["id"].isin(list(ids)).to_numpy()
    if ids and not named.any():
        what = "holds none of the images that the audit flagged"
        raise InputError(Problem(what, where=images.name, cure="give the set that was audited"))
    return images.take(np.flatnonzero(~named))


def interpolated(
    values: Float32[np.ndarray, "*shape"], at: Float64[np.ndarray, " m"], axis: int
) -> Float32[np.ndarray, "*other"]:
    """The values at these places along an axis, linear between two of them, those at its ends beyond it."""
    last = values.shape[axis] - 1
    places = np.clip(at, 0, last)
    below = np.floor(places).astype(np.int64)
    along = [-1 if one == axis else 1 for one in range(values.ndim)]
    share = (places - below).astype(np.float32).reshape(along)
    lower, upper = (np.take(values, np.minimum(one, last), axis=axis) for one in (below, below + 1))
    return np.asarray(lower + share * (upper - lower))


def _in_turn(granted: ImageSet, counts: Mapping[str, int]) -> Int64[np.ndarray, " n"]:
    labels = granted.table["label"].to_numpy()
    mine = {label: np.flatnonzero(labels == label) for label in counts}
    parts = [np.resize(mine[label], count if len(mine[label]) else 0) for label, count in counts.items()]
    return np.concatenate(parts).astype(np.int64)


def _again(granted: ImageSet, rows: Int64[np.ndarray, " n"]) -> ImageSet:
    again = granted.take(rows)
    sources = again.table["id"]
    table = pd.DataFrame(
        {
            "id": [f"{source}~{row}" for row, source in enumerate(sources)],
            "label": again.table["label"],
            "source_id": sources,
        }
    )
    return ImageSet.from_arrays(_values(again), table, name="again")


def _values(images: ImageSet) -> Shaped[np.ndarray, "n c *space"]:
    if not len(images):
        return np.empty((0, *images.shape), images.pixels.dtype)
    return np.stack([image.pixels for image in images])


def _changed(
    image: Shaped[np.ndarray, "c *space"], rng: np.random.Generator
) -> Shaped[np.ndarray, "c *space"]:
    """Mirrored left to right in half of all cases, moved by 5%, zoomed by 10%, 10% lighter, darker, harder, softer."""
    values = image.astype(np.float32)
    if rng.uniform() < 0.5:
        values = np.flip(values, axis=-1)
    zoom, shift = np.exp(rng.uniform(-0.1, 0.1)), rng.uniform(-0.05, 0.05, image.ndim - 1) * image.shape[1:]
    moved = values
    for axis, (length, by) in enumerate(zip(image.shape[1:], shift, strict=True), start=1):
        middle = (length - 1) / 2
        moved = interpolated(moved, (np.arange(length) - middle) / zoom + middle + by, axis)
    mean, spread = float(moved.mean()), float(np.ptp(image.astype(np.float64)))
    moved = (moved - mean) * rng.uniform(0.9, 1.1) + mean + spread * rng.uniform(-0.1, 0.1)
    if image.dtype.kind in "iu":
        limits = np.iinfo(image.dtype)
        moved = np.clip(np.rint(moved), limits.min, limits.max)
    return np.asarray(moved.astype(image.dtype))
