"""What does a frozen encoder say of images? Each picture is encoded once, however many cells it is in."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Shaped

from doppelscan.errors import FormatError
from doppelscan.imagesets import ImageSet
from doppelscan.search.vectors import Encoder
from doppelscan.store import Cache, read_tensors, write_tensors
from doppelscan.store.cache import if_possible
from doppelscan.workers import Progress, silent

__all__ = ["Features"]

_FORMAT = "doppelscan-utility-features/1"
_SHARD = 256  # images encoded between two writes to the cache


@dataclass(eq=False)
class Features:
    """The vectors of one encoder, by the pixels that they are of; new ones go to the cache as they come."""

    encoder: Encoder
    progress: Progress = silent
    n_encoded: int = 0
    _known: dict[bytes, Float32[np.ndarray, " d"]] = field(default_factory=dict)

    def of(self, images: ImageSet) -> Float32[np.ndarray, "n d"]:
        """The vector of each image of a set."""
        digests: list[bytes] = []
        for start in range(0, len(images), _SHARD):
            block = images.read(start, min(start + _SHARD, len(images)))
            mine = [_digest(image) for image in block]
            self._learn(block, mine)
            digests += mine
            self.progress("encoding", min(start + _SHARD, len(images)), len(images))
        if not digests:
            return np.empty((0, self._width(images)), np.float32)
        return np.stack([self._known[digest] for digest in digests])

    def _learn(self, block: Shaped[np.ndarray, "n c *space"], digests: list[bytes]) -> None:
        """Encode what is new in a block, each picture once."""
        new = {digest: row for row, digest in enumerate(digests) if digest not in self._known}
        if not new:
            return
        rows = list(new.values())
        key = {"encoder": self.encoder.fingerprint, "images": [one.hex() for one in new]}
        path = Cache.default().path("utility-features", key, ".safetensors")
        self._known.update(zip(new, _kept(path, lambda: self.encoder.vectors(block[rows])), strict=True))
        self.n_encoded += len(rows)

    def _width(self, images: ImageSet) -> int:
        if self._known:
            return len(next(iter(self._known.values())))
        return int(self.encoder.vectors(np.zeros((1, *images.shape), images.pixels.dtype)).shape[1])


def _digest(image: Shaped[np.ndarray, "c *space"]) -> bytes:
    about = f"{image.dtype} {image.shape}".encode()
    return hashlib.sha256(about + np.ascontiguousarray(image).tobytes()).digest()


def _kept(path: Path, made: Callable[[], Float32[np.ndarray, "n d"]]) -> Float32[np.ndarray, "n d"]:
    """The vectors in this file, or those that are made, which are then in it."""
    with contextlib.suppress(FormatError):
        return read_tensors(path, expected=_FORMAT)[0]["vectors"]
    vectors = made().astype(np.float32)
    with if_possible():
        write_tensors(path, {"vectors": vectors}, {"format": _FORMAT})
    return vectors
