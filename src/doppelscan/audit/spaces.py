"""What correlations are of: the pixels themselves, or the vectors that an encoder makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from doppelscan.search import Blocks
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["PIXELS", "Pixels", "Space"]


@runtime_checkable
class Space(Protocol):
    """A way from images to what is searched."""

    @property
    def key(self) -> str:
        """What tells this space from all others; part of the key of what is kept in the cache."""
        ...

    @property
    def learnt(self) -> bool:
        """Whether it was learnt from images, so that these are no fair null."""
        ...

    def encoded(self, images: Blocks, resources: Resources, progress: Progress) -> Blocks:
        """The images as they are searched."""
        ...


@dataclass(frozen=True)
class Pixels:
    """The pixels as they are."""

    key: str = "pixels"
    learnt: bool = False

    def encoded(self, images: Blocks, resources: Resources, progress: Progress) -> Blocks:
        """The images themselves."""
        return images


PIXELS = Pixels()
