"""By what are released images told? The SHA-256 of each one's pixels, and of all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Shaped

from doppelscan.release.record import ReleasedImage
from doppelscan.store import fingerprint

__all__ = ["pixel_fingerprint", "whole_fingerprint"]


def pixel_fingerprint(pixels: Shaped[np.ndarray, "c *space"]) -> str:
    """The SHA-256 of an image's type, shape and pixels."""
    little = np.ascontiguousarray(pixels).astype(pixels.dtype.newbyteorder("<"), copy=False)
    digest = hashlib.sha256(f"{little.dtype.str} {little.shape}\n".encode())
    digest.update(little.tobytes())
    return digest.hexdigest()


def whole_fingerprint(images: Sequence[ReleasedImage]) -> str:
    """What all images are told by: their names and fingerprints, in order."""
    return fingerprint([[one.file, one.pixels] for one in images])
