"""What correlations are of: the pixels themselves, or the vectors that an encoder makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Float32, Shaped

from doppelscan.encoders.devices import device_named
from doppelscan.imagesets.pixels import Pixels as ImagesOf
from doppelscan.imagesets.versions import code_versions
from doppelscan.search import ArrayBlocks, Blocks
from doppelscan.search.blocks import part_of
from doppelscan.settings import Resources
from doppelscan.store import Cache
from doppelscan.workers import Needs, Progress, counted, elsewhere, map_ordered

__all__ = ["PIXELS", "Encoded", "Encoder", "Pixels", "Space"]

_SHARD = 1024  # images encoded between two writes to the cache


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


@runtime_checkable
class Encoder(Protocol):
    """Whatever makes vectors of images, trained on them or not."""

    @property
    def fingerprint(self) -> str:
        """What tells its vectors from another encoder's."""
        ...

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        """The vector of each image, the same in any company."""
        ...


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
        starts = range(0, len(images), _SHARD)
        shards = (part_of(images, start, min(start + _SHARD, len(images))) for start in starts)
        encode = partial(self._shard, resources=resources.share if elsewhere() else resources)
        on_gpu = Needs(gpu=device_named(resources.device).type == "cuda")
        found = map_ordered(encode, shards, workers=elsewhere(), needs=on_gpu)
        parts = list(counted(found, "encoding", len(starts), progress))
        return ArrayBlocks(np.concatenate(parts)[:, None] if parts else np.empty((0, 1, 1), np.float32))

    def _shard(self, images: Blocks, resources: Resources) -> Float32[np.ndarray, "n d"]:
        if not isinstance(images, ImagesOf):
            return self._vectors(images, resources)
        key = {"version": 1, "code": code_versions(), "encoder": self.key, "pixels": images.fingerprint}
        table = Cache.default().table("vectors", key, lambda: _as_table(self._vectors(images, resources)))
        return table.to_numpy(np.float32)

    def _vectors(self, images: Blocks, resources: Resources) -> Float32[np.ndarray, "n d"]:
        bytes_each = 8 * int(np.prod(images.read(0, 1).shape))
        size = max(1, resources.memory // 8 // bytes_each)
        blocks = (images.read(at, min(at + size, len(images))) for at in range(0, len(images), size))
        return np.concatenate([self._of(block) for block in blocks])

    def _of(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        flat = pixels.reshape(len(pixels), -1)
        vectors = self.encoder.vectors(pixels)
        vectors[flat.min(axis=1) == flat.max(axis=1)] = 0
        return vectors


def _as_table(vectors: Float32[np.ndarray, "n d"]) -> pd.DataFrame:
    return pd.DataFrame(vectors, columns=[str(i) for i in range(vectors.shape[1])])
