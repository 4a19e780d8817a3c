"""Images that share a part at its own place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from doppelscan.audit.witnesses.witness import Exclude, Kind
from doppelscan.imagesets import ImageSet
from doppelscan.search import Blocks, Neighbours
from doppelscan.search.tiles import Detail, TileSettings, match_tiles
from doppelscan.settings import Resources
from doppelscan.store import fingerprint
from doppelscan.workers import Progress

__all__ = ["Tiles"]

_VERSION = 2  # of the scores; part of the key of whatever is kept


def _as_it_is(values: Float64[np.ndarray, "*m"]) -> Float64[np.ndarray, "*m"]:
    return values


@dataclass(frozen=True, eq=False)
class Tiles:
    """How strikingly a part of two images agrees at the same place, in standard deviations over all images of a set."""

    settings: TileSettings = field(default_factory=TileSettings)
    name: str = "tiles"
    learnt: bool = False

    @staticmethod
    def fine() -> Tiles:
        """Small tiles of the finest detail, which know a lesion; dear, since there are thousands an image."""
        return Tiles(TileSettings(side=224, tile=12, step=6, detail=Detail()), "fine tiles")

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The one kind."""
        return (Kind(self.name, _as_it_is),)

    @property
    def key(self) -> str:
        """How tiles are laid."""
        return fingerprint(["tiles", _VERSION, repr(self.settings)])

    def against(self, images: ImageSet, resources: Resources, progress: Progress) -> _Tiled:
        """The images, which are read anew by every search."""
        return _Tiled(self, images)


@dataclass(frozen=True, eq=False)
class _Tiled:
    """The images of a set."""

    witness: Tiles
    images: ImageSet

    def named(
        self,
        queries: Blocks,
        k: int,
        exclude: Exclude | None,
        resources: Resources,
        progress: Callable[[int], None] | None,
    ) -> tuple[Neighbours, ...]:
        """The one image with which a part of each query agrees most strikingly."""
        found = match_tiles(
            queries,
            self.images,
            self.witness.settings,
            exclude=exclude,
            resources=resources,
            progress=progress,
        )
        indices, scores = found.indices[:, None], found.statistic[:, None]
        return (Neighbours(indices, scores, np.zeros_like(indices)),)
