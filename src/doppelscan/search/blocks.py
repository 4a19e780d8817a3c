"""What is searched: anything that gives its images a few at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Shaped

from doppelscan.imagesets import ImageSet

__all__ = ["ArrayBlocks", "Blocks", "as_blocks", "part_of"]


@runtime_checkable
class Blocks(Protocol):
    """Images in an order, all of one shape, that can be read a few at a time: an ImageSet is one."""

    def __len__(self) -> int:
        """How many images there are."""
        ...

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """The pixels of images `start` to `stop` (excluded), in their own type."""
        ...


@runtime_checkable
class Divisible(Protocol):
    """Blocks that know how to give a part of themselves which is read where it is needed."""

    def part(self, start: int, stop: int) -> Blocks:
        """Images `start` to `stop` (excluded)."""
        ...


@dataclass(frozen=True)
class ArrayBlocks:
    """An array of images (n, c, *space) as Blocks."""

    pixels: Shaped[np.ndarray, "n c *space"]

    def __len__(self) -> int:
        return len(self.pixels)

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """The pixels of images `start` to `stop` (excluded)."""
        return self.pixels[start:stop]

    def part(self, start: int, stop: int) -> ArrayBlocks:
        """Images `start` to `stop` (excluded)."""
        return ArrayBlocks(self.pixels[start:stop])


def as_blocks(images: Blocks | Shaped[np.ndarray, "n c *space"]) -> Blocks:
    """The images themselves, or an array of them as Blocks."""
    return ArrayBlocks(images) if isinstance(images, np.ndarray) else images


def part_of(images: Blocks, start: int, stop: int) -> Blocks:
    """Images `start` to `stop` (excluded), as they travel to another machine: by where they are, or by their pixels."""
    if isinstance(images, ImageSet):
        return images.pixels.take(np.arange(start, stop))
    if isinstance(images, Divisible):
        return images.part(start, stop)
    return ArrayBlocks(images.read(start, stop))
