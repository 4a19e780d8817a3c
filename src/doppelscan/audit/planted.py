"""What planted images are: changed as they are read, and known by how they are made, before they are."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64, Shaped

from doppelscan.images import Image
from doppelscan.images.changes import Change, changed, region_of
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.versions import code_versions
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.store import fingerprint

__all__ = ["Job", "planted", "regions_of"]

_VERSION = 1  # of how images are changed; part of what planted images are known by
_PART = 8  # planted images are kept while they take at most this part of the memory


@dataclass(frozen=True)
class Job:
    """One image to plant: the position of its source, its change, and the position of the image mixed in, or -1."""

    source: int
    change: Change
    other: int = -1


def planted(
    jobs: Sequence[Job], sources: ImageSet, others: ImageSet, *, seed: int, resources: Resources
) -> ImageSet:
    """The images that these jobs make of `sources` and `others`; their patients are those of the sources.

    What is drawn depends on the seed, the change's name and the source's id alone: of a change at two strengths,
    the same turn is taken further.
    """
    table = sources.table.iloc[[job.source for job in jobs]].reset_index(drop=True)
    return ImageSet(table, _Planted(tuple(jobs), sources, others, seed, resources), name="planted images")


def regions_of(images: ImageSet) -> list[Bool[np.ndarray, "*space"]]:
    """Of planted images, where in each its source is: all of it but for partial copies."""
    assert isinstance(images.pixels, _Planted), "they were planted"
    return images.pixels.regions()


@dataclass(frozen=True, eq=False)
class _Planted:
    """The pixels of planted images, made anew whenever they are read unless all of them fit in memory."""

    jobs: tuple[Job, ...]
    sources: ImageSet
    others: ImageSet
    seed: int
    resources: Resources

    def __len__(self) -> int:
        return len(self.jobs)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each image: that of its source."""
        return [self.sources.shape] * len(self.jobs)

    @cached_property
    def dtype(self) -> np.dtype[np.generic]:
        """The type of the sources' values."""
        return np.dtype(self.sources.read(0, 1).dtype)

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the recipe: the images that are changed, what is done to each, and by which code."""
        return fingerprint(
            {
                "version": _VERSION,
                "code": code_versions(),
                "seed": self.seed,
                "changes": [repr(job.change) for job in self.jobs],
                "sources": _known_by(self.sources, [job.source for job in self.jobs]),
                "others": _known_by(self.others, [job.other for job in self.jobs]),
            }
        )

    def image(self, position: int) -> Image:
        """One image."""
        return Image(self.read(position, position + 1)[0])

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """Consecutive images."""
        size = len(self) * int(np.prod(self.sources.shape)) * self.dtype.itemsize
        if size <= self.resources.memory // _PART:
            return self._whole[start:stop]
        return self._made(self.jobs[start:stop])

    def take(self, positions: Int64[np.ndarray, " n"]) -> _Planted:
        """The images at these positions; these very ones where they are all taken, as they are."""
        if np.array_equal(positions, np.arange(len(self))):
            return self
        return replace(self, jobs=tuple(self.jobs[position] for position in positions))

    @cached_property
    def _whole(self) -> Shaped[np.ndarray, "n c *space"]:
        return self._made(self.jobs)

    def _made(self, jobs: Sequence[Job]) -> Shaped[np.ndarray, "n c *space"]:
        """The images of these jobs; each source is read once."""
        pixels = _read(self.sources, [job.source for job in jobs])
        others = _read(self.others, [job.other for job in jobs])

        def make(job: Job) -> Shaped[np.ndarray, "c *space"]:
            return changed(job.change, pixels[job.source], self._chance(job), other=others.get(job.other))

        with ThreadPoolExecutor(self.resources.threads) as pool:
            return np.stack(list(pool.map(make, jobs)))

    def regions(self) -> list[Bool[np.ndarray, "*space"]]:
        """Where in each image its source is."""
        pixels = _read(self.sources, [job.source for job in self.jobs])
        others = _read(self.others, [job.other for job in self.jobs])
        return [
            region_of(job.change, pixels[job.source], self._chance(job), other=others.get(job.other))
            for job in self.jobs
        ]

    def _chance(self, job: Job) -> np.random.Generator:
        return stream(self.seed, "control", job.change.name, self._ids[job.source])

    @cached_property
    def _ids(self) -> list[str]:
        return [str(one) for one in self.sources.table["id"]]


def _known_by(images: ImageSet, positions: Sequence[int]) -> list[Any]:
    """Which images are taken, told from their pixels and ids, and in which order."""
    unique = _taken(positions)
    taken = images.take(unique)
    return [taken.pixels.fingerprint, taken.table["id"].tolist(), np.searchsorted(unique, positions).tolist()]


def _read(images: ImageSet, positions: Sequence[int]) -> dict[int, Shaped[np.ndarray, "c *space"]]:
    """The pixels at these positions, where there are any."""
    unique = _taken(positions)
    return dict(zip(unique, images.take(unique).read(0, len(unique)), strict=True)) if unique else {}


def _taken(positions: Sequence[int]) -> list[int]:
    return sorted({position for position in positions if position >= 0})
