"""What correlations are of: the pixels themselves, or the vectors that an encoder makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Shaped

from doppelscan.search import ArrayBlocks, Blocks
from doppelscan.search.vectors import Encoder, vectors_of
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["PIXELS", "Encoded", "Pixels", "Space"]


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


@dataclass(frozen=True, eq=False)
class Encoded:
    """The vectors of an encoder; an image without detail has none, as it has no correlation of pixels."""

    encoder: Encoder
    learnt: bool

    @cached_property
    def key(self) -> str:
        """The encoder's weights."""
        return self.encoder.fingerprint

    def encoded(self, images: Blocks, resources: Resources, progress: Progress) -> Blocks:
        """The vectors as images of one row; those of a set are kept in the cache."""
        vectors = vectors_of(images, _OfDetail(self.encoder), resources=resources, progress=progress)
        return ArrayBlocks(vectors[:, None])


@dataclass(frozen=True, eq=False)
class _OfDetail:
    """An encoder that has no vector of an image without detail."""

    encoder: Encoder

    @property
    def fingerprint(self) -> str:
        """The encoder's weights."""
        return f"{self.encoder.fingerprint} of detail"

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        """The vector of each image, zero where all its values are one."""
        flat = pixels.reshape(len(pixels), -1)
        vectors = self.encoder.vectors(pixels)
        vectors[flat.min(axis=1) == flat.max(axis=1)] = 0
        return vectors
