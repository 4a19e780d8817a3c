"""How the pixels of a set lie on disk: one Zarr array, in blocks of images that several processes may write."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr
from jaxtyping import Shaped
from zarr.codecs import BloscCodec

__all__ = ["Chunks", "power_of_two"]

_CHUNK_BYTES = 4 * 2**20  # of pixels, before compression


@dataclass(frozen=True)
class Chunks:
    """The array (n, c, *space) at `path`, where there is one yet; `dtype` is what its pixels are stored as."""

    path: Path
    dtype: np.dtype[np.generic]

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape (c, *space) of its images; None where there is none yet."""
        try:
            content = json.loads((self.path / "zarr.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return tuple(content["shape"][1:])

    def in_a_block(self, shape: tuple[int, ...]) -> int:
        """Images of this shape that a block holds."""
        return power_of_two(_CHUNK_BYTES // max(1, math.prod(shape) * self.dtype.itemsize))

    def write(self, first: int, images: Sequence[Shaped[np.ndarray, "c *space"]]) -> None:
        """Write images, as number `first` and those that follow."""
        with zarr.config.set({"array.write_empty_chunks": True}):  # a block that is absent was lost
            self.grow(first + len(images), images[0].shape)
            zarr.open_array(self.path, mode="r+")[first : first + len(images)] = np.stack(images)

    def take_over(self, other: Chunks, first: int) -> bool:
        """Make all blocks of another array those of images from `first` on; False where no block begins there."""
        shape = other.shape
        assert shape is not None, "it was written"
        size = self.in_a_block(shape)
        if first % size:
            return False
        self.grow(0, shape)
        (self.path / "c").mkdir(exist_ok=True)
        for block in sorted((other.path / "c").iterdir()):
            place = self.path / "c" / str(first // size + int(block.name))
            shutil.rmtree(place, ignore_errors=True)  # what a killed run has left
            block.replace(place)
        return True

    def grow(self, n: int, shape: tuple[int, ...]) -> None:
        """Let it hold `n` images of this shape, at least."""
        if self.shape is None:
            zarr.create_array(
                self.path,
                shape=(n, *shape),
                chunks=(self.in_a_block(shape), *shape),
                dtype=self.dtype,
                compressors=_compressor(self.dtype),
            )
            return
        array = zarr.open_array(self.path, mode="r+")
        if array.shape[0] < n:
            array.resize((n, *shape))

    def read(self) -> Shaped[np.ndarray, "n c *space"]:
        """All images."""
        return np.asarray(zarr.open_array(self.path, mode="r")[:])

    def discard(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path, ignore_errors=True)


def _compressor(dtype: np.dtype[np.generic]) -> BloscCodec:
    """The quickest: an image is packed and unpacked in a twentieth of the time that it takes to decode.

    Bit by bit, films would be a fifteenth smaller and take five times as long; what is empty packs as well.
    """
    return BloscCodec(cname="lz4", clevel=1, shuffle="shuffle" if dtype.itemsize > 1 else "noshuffle")


def power_of_two(n: int) -> int:
    """The largest power of two up to n, and 1 at least: shards of so many images end where blocks do."""
    return 1 << max(n, 1).bit_length() - 1
