"""Several sets as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from jaxtyping import Int64, Shaped

from doppelscan.images import Image
from doppelscan.imagesets.imageset import ImageSet
from doppelscan.imagesets.pixels import Pixels
from doppelscan.store import fingerprint

__all__ = ["joined"]


def joined(sets: Mapping[str, ImageSet], *, named: bool = True) -> ImageSet:
    """The images of all sets, in order; the name of its set stands before each id, if these shall be `named`."""
    tables = [
        images.table.assign(id=f"{name}/" + images.table["id"]) if named else images.table
        for name, images in sets.items()
    ]
    parts = tuple(images.pixels for images in sets.values())
    lengths = [len(part) for part in parts]
    which = np.repeat(np.arange(len(parts)), lengths)
    position = np.concatenate([np.arange(n) for n in lengths])
    return ImageSet(
        pd.concat(tables, ignore_index=True),
        _Joined(parts, which, position),
        name=" and ".join(sets),
        patients_from=tuple(dict.fromkeys(one for images in sets.values() for one in images.patients_from)),
    )


@dataclass(frozen=True, eq=False)
class _Joined:
    """Images of several sources: each is image `position` of the source `which`."""

    parts: tuple[Pixels, ...]
    which: Int64[np.ndarray, " n"]
    position: Int64[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.which)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each image."""
        shapes = [part.shapes for part in self.parts]
        return [shapes[i][k] for i, k in zip(self.which, self.position, strict=True)]

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type that holds the pixels of all sources."""
        return np.result_type(*[part.dtype for part in self.parts])

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the sources, and of what is taken of them."""
        sources = [part.fingerprint for part in self.parts]
        return fingerprint([sources, self.which.tolist(), self.position.tolist()])

    def image(self, position: int) -> Image:
        """One image."""
        part = self.parts[int(self.which[position])]
        return part.image(int(self.position[position]))

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """The values of consecutive images of one shape."""
        which, position = self.which[start:stop], self.position[start:stop]
        mine = {i: which == i for i in np.unique(which)} or {0: which == 0}
        parts = {i: self.parts[i].take(position[rows]).read(0, int(rows.sum())) for i, rows in mine.items()}
        shape = next(iter(parts.values())).shape[1:]
        values = np.empty((len(which), *shape), np.result_type(*parts.values()))
        for i, rows in mine.items():
            values[rows] = parts[i]
        return values

    def take(self, positions: Int64[np.ndarray, " n"]) -> Pixels:
        """The images at these positions, in this order."""
        return replace(self, which=self.which[positions], position=self.position[positions])
