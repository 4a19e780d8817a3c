"""What is measured of images? The vectors of an encoder, kept in the cache as they come."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Float32, Shaped

from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.versions import code_versions
from doppelscan.settings import Resources
from doppelscan.store import Cache
from doppelscan.workers import Progress

__all__ = ["Eye", "features_of"]

_VERSION = 1  # of what is kept; part of the cache's key
_SHARD = 1024  # images encoded between two writes to the cache


@runtime_checkable
class Eye(Protocol):
    """Whatever makes vectors of images."""

    @property
    def fingerprint(self) -> str:
        """What tells its vectors from all others'."""
        ...

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        """The vector of each image, the same in any company."""
        ...


def features_of(
    images: ImageSet, eye: Eye, *, resources: Resources, progress: Progress
) -> Float32[np.ndarray, "n d"]:
    """The vector of each image, a shard at a time; those found before come from the cache."""
    work = f"encoding {images.name}" if images.name else "encoding"
    progress(work, 0, len(images))
    parts = []
    for start in range(0, len(images), _SHARD):
        stop = min(start + _SHARD, len(images))
        parts.append(_shard(images, eye, start, stop, resources))
        progress(work, stop, len(images))
    return np.concatenate(parts)


def _shard(
    images: ImageSet, eye: Eye, start: int, stop: int, resources: Resources
) -> Float32[np.ndarray, "b d"]:
    content = images.take(np.arange(start, stop)).pixels.fingerprint
    key = {"version": _VERSION, "code": code_versions(), "encoder": eye.fingerprint, "pixels": content}
    table = Cache.default().table("features", key, lambda: _encoded(images, eye, start, stop, resources))
    return table.to_numpy(np.float32)


def _encoded(images: ImageSet, eye: Eye, start: int, stop: int, resources: Resources) -> pd.DataFrame:
    size = max(1, resources.memory // 8 // (8 * int(np.prod(images.shape))))
    blocks = (images.read(at, min(at + size, stop)) for at in range(start, stop, size))
    vectors = np.concatenate([eye.vectors(block) for block in blocks])
    return pd.DataFrame(vectors, columns=[str(i) for i in range(vectors.shape[1])])
