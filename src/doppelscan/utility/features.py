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
from doppelscan.utility.again import AgainPixels
from doppelscan.workers import Progress, silent

__all__ = ["Features"]

_FORMAT = "doppelscan-utility-features/1"
_SHARD = 256  # images encoded between two writes to the cache


@dataclass(eq=False)
class Features:
    """The vectors of one encoder, by the pixels that they are of; new ones go to the cache as they come.

    At most `room` bytes of them stay in memory for the cells to come, and none of changed images, which no other cell
    has.
    """

    encoder: Encoder
    progress: Progress = silent
    room: int = 2**30
    n_encoded: int = 0
    _width: int = 0  # numbers in a vector, once there is one
    _known: dict[bytes, Float32[np.ndarray, " d"]] = field(default_factory=dict)

    def of(self, images: ImageSet) -> Float32[np.ndarray, "n d"]:
        """The vector of each image of a set."""
        found = np.empty((0, self._width), np.float32)
        for start in range(0, len(images), _SHARD):
            stop = min(start + _SHARD, len(images))
            vectors = self._vectors(images.read(start, stop), asked_again=not _is_changed(images))
            if not start:
                self._width = vectors.shape[1]
                found = np.empty((len(images), self._width), np.float32)
            found[start:stop] = vectors
            self.progress("encoding", stop, len(images))
        return found

    def _vectors(
        self, block: Shaped[np.ndarray, "n c *space"], *, asked_again: bool
    ) -> Float32[np.ndarray, "n d"]:
        """The vectors of a block; what is new in it is encoded, each picture once."""
        digests = [_digest(image) for image in block]
        new = {digest: row for row, digest in enumerate(digests) if digest not in self._known}
        found = {digest: self._known[digest] for digest in digests if digest not in new}
        if new:
            key = {"encoder": self.encoder.fingerprint, "images": [one.hex() for one in new]}
            path = Cache.default().path("utility-features", key, ".safetensors")
            made = _kept(path, lambda: self.encoder.vectors(block[list(new.values())]))
            found |= dict(zip(new, made, strict=True))
            if asked_again and (len(self._known) + len(new)) * made[0].nbytes <= self.room:
                self._known |= dict(zip(new, made, strict=True))
            self.n_encoded += len(new)
        return np.stack([found[digest] for digest in digests])


def _is_changed(images: ImageSet) -> bool:
    return isinstance(images.pixels, AgainPixels) and images.pixels.seed is not None


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
