"""Images whose pixels, or vectors of an encoder, correlate; pixels also in every pose and from afar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32

from doppelscan.audit.spaces import PIXELS, Space
from doppelscan.audit.witnesses.witness import CORRELATION, Exclude, Kind, fisher_z
from doppelscan.encoders.shades import no_longer_than, shrunk
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.pixels import ZarrPixels
from doppelscan.search import Among, Blocks, Kept, Neighbours, Symmetries, nearest
from doppelscan.search.blocks import part_of
from doppelscan.settings import Resources
from doppelscan.workers import Progress, silent

__all__ = ["Correlated", "Posed"]


@dataclass(frozen=True)
class Correlated:
    """The correlation of two images in one space: of their pixels as they are, or of an encoder's vectors."""

    space: Space = PIXELS
    kinds: tuple[Kind, ...] = (CORRELATION,)

    @property
    def key(self) -> str:
        """The space."""
        return self.space.key

    @property
    def learnt(self) -> bool:
        """Whether the space was."""
        return self.space.learnt

    def against(self, images: ImageSet, resources: Resources, progress: Progress) -> _Correlations:
        """The images in this space, kept for all searches."""
        return _Correlations(self.space, Kept(self.space.encoded(images, resources, progress)))


@dataclass(frozen=True)
class Posed:
    """The correlation of two images no longer than `side` pixels, in the best of all flips and quarter turns.

    From afar, what noise, blur or fewer pixels change is not seen.
    """

    side: int
    learnt: bool = False

    @property
    def key(self) -> str:
        """The side."""
        return f"flips and turns at {self.side}"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The one kind, named by the side."""
        return (Kind(f"pixels at {self.side}", fisher_z),)

    def against(self, images: ImageSet, resources: Resources, progress: Progress) -> _Correlations:
        """The small images, kept for all searches."""
        space = _FromAfar(self.side)
        return _Correlations(
            space, Kept(space.encoded(images, resources, progress)), symmetries="flips and turns"
        )


@dataclass(frozen=True)
class _FromAfar:
    """The space of images shrunk to at most `side` pixels."""

    side: int
    learnt: bool = False

    @property
    def key(self) -> str:
        return f"{self.side} pixels"

    def encoded(self, images: Blocks, resources: Resources, progress: Progress) -> Blocks:
        return _Shrunk(images, self.side)


@dataclass(frozen=True, eq=False)
class _Shrunk:
    """Images that are shrunk as they are read."""

    images: Blocks
    side: int

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def _small(self) -> tuple[int, ...]:
        return no_longer_than(self.side, self.images.read(0, 1).shape[2:])

    def read(self, start: int, stop: int) -> Float32[np.ndarray, "n c *small"]:
        """The small pixels of images `start` to `stop` (excluded)."""
        pixels = self.images.read(start, stop)
        small = [shrunk(image, self._small) for image in pixels]
        return np.stack(small) if small else np.empty((0, *pixels.shape[1:2], *self._small), np.float32)

    def part(self, start: int, stop: int) -> _Shrunk:
        """Images `start` to `stop` (excluded)."""
        return _Shrunk(part_of(self.images, start, stop), self.side)


@dataclass(frozen=True, eq=False)
class _Correlations:
    """A set in its space, to be searched."""

    space: Space
    kept: Kept
    symmetries: Symmetries = "none"

    def named(
        self,
        queries: Blocks,
        k: int,
        exclude: Exclude | None,
        resources: Resources,
        progress: Callable[[int], None] | None,
    ) -> tuple[Neighbours, ...]:
        """The k images that correlate most with each query."""
        encoded = _among(self.space.encoded(queries, resources, silent), self.kept)
        found = nearest(
            encoded,
            self.kept,
            k,
            exclude=exclude,
            symmetries=self.symmetries,
            resources=resources,
            progress=progress,
        )
        return (found,)


def _among(queries: Blocks, kept: Kept) -> Blocks:
    """The queries; said to be references themselves where they are."""
    images = kept.references
    if not (isinstance(queries, ImageSet) and isinstance(images, ImageSet)):
        return queries
    if not isinstance(queries.pixels, ZarrPixels):
        return queries
    positions = queries.pixels.positions_in(images.pixels)
    return queries if positions is None else Among(kept, positions, queries)
