"""The vectors that an encoder makes of images: shard by shard, wherever work runs, those of a set kept in the cache."""

from __future__ import annotations

from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Float32, Shaped

from doppelscan.imagesets.pixels import Pixels
from doppelscan.imagesets.versions import code_versions
from doppelscan.search.blocks import Blocks, part_of
from doppelscan.settings import Resources
from doppelscan.store import Cache
from doppelscan.workers import Needs, Progress, counted, elsewhere, map_ordered

__all__ = ["Encoder", "vectors_of"]

_VERSION = 1  # of what is kept; part of the cache's key
_SHARD = 1024  # images encoded between two writes to the cache


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


def vectors_of(
    images: Blocks, encoder: Encoder, *, resources: Resources, progress: Progress, work: str = "encoding"
) -> Float32[np.ndarray, "n d"]:
    """The vector of each image; those of a set that were made before come from the cache. Progress counts shards."""
    starts = range(0, len(images), _SHARD)
    shards = (part_of(images, start, min(start + _SHARD, len(images))) for start in starts)
    encode = partial(_of_shard, encoder=encoder, resources=resources.share if elsewhere() else resources)
    found = map_ordered(encode, shards, workers=elsewhere(), needs=Needs(gpu=_on_gpu(resources)))
    parts = list(counted(found, work, len(starts), progress))
    return np.concatenate(parts) if parts else np.empty((0, 1), np.float32)


def _on_gpu(resources: Resources) -> bool:
    from doppelscan.encoders.devices import device_named  # it loads torch, which not every encoder needs

    return bool(elsewhere()) and device_named(resources.device).type == "cuda"


def _of_shard(images: Blocks, encoder: Encoder, resources: Resources) -> Float32[np.ndarray, "n d"]:
    if not isinstance(images, Pixels):
        return _made(images, encoder, resources)
    key = {
        "version": _VERSION,
        "code": code_versions(),
        "encoder": encoder.fingerprint,
        "pixels": images.fingerprint,
    }
    table = Cache.default().table("vectors", key, lambda: _as_table(_made(images, encoder, resources)))
    return table.to_numpy(np.float32)


def _made(images: Blocks, encoder: Encoder, resources: Resources) -> Float32[np.ndarray, "n d"]:
    bytes_each = 8 * int(np.prod(images.read(0, 1).shape))
    size = max(1, resources.memory // 8 // bytes_each)
    blocks = (images.read(at, min(at + size, len(images))) for at in range(0, len(images), size))
    return np.concatenate([encoder.vectors(block) for block in blocks])


def _as_table(vectors: Float32[np.ndarray, "n d"]) -> pd.DataFrame:
    return pd.DataFrame(vectors, columns=[str(i) for i in range(vectors.shape[1])])
