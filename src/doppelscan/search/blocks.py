"""What is searched: anything that gives its images a few at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Shaped

__all__ = ["ArrayBlocks", "Blocks", "as_blocks"]


@runtime_checkable
class Blocks(Protocol):
    """Images in an order, all of one shape, that can be read a few at a time: an ImageSet is one."""

    def __len__(self) -> int:
        """How many images there are."""
        ...

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """The pixels of images `start` to `stop` (excluded), in their own type."""
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


def as_blocks(images: Blocks | Shaped[np.ndarray, "n c *space"]) -> Blocks:
    """The images themselves, or an array of them as Blocks."""
    return ArrayBlocks(images) if isinstance(images, np.ndarray) else images
