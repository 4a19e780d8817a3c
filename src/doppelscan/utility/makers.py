"""Where do images that join the real ones come from? A set, the real images once more, or their augmented selves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Int64

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.imageset import with_columns
from doppelscan.seeds import stream
from doppelscan.store import fingerprint
from doppelscan.utility.again import AgainPixels

__all__ = ["Augmented", "Duplicated", "Given", "Maker", "without"]


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
        return _again(granted, _in_turn(granted, counts), seed)


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


def _in_turn(granted: ImageSet, counts: Mapping[str, int]) -> Int64[np.ndarray, " n"]:
    labels = granted.table["label"].to_numpy()
    mine = {label: np.flatnonzero(labels == label) for label in counts}
    parts = [np.resize(mine[label], count if len(mine[label]) else 0) for label, count in counts.items()]
    return np.concatenate(parts).astype(np.int64)


def _again(granted: ImageSet, rows: Int64[np.ndarray, " n"], seed: int | None = None) -> ImageSet:
    """The images at these rows; changed, each by its own chance, under a seed."""
    ids, labels = (granted.table[name].to_numpy() for name in ("id", "label"))
    table = pd.DataFrame(
        {
            "id": [f"{source}~{number}" for number, source in enumerate(ids[rows])],
            "label": labels[rows],
            "source_id": ids[rows],
        }
    )
    pixels = AgainPixels(granted.pixels, ids.tolist(), rows, np.arange(len(rows)), seed)
    return ImageSet(with_columns(table), pixels, name="again")
