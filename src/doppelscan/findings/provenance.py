"""What a record says of the sets that were used, and of what else numbers depend on."""

from __future__ import annotations

import hashlib
import math
import platform
from importlib import metadata
from typing import Any

import numpy as np

import doppelscan
from doppelscan.imagesets import ImageSet

__all__ = ["described", "pixels_fingerprint", "versions"]

_VALUES_AT_ONCE = 2**23  # in the same blocks wherever it is asked, for a block has one type

_PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "torch",
    "zarr",
    "pillow",
    "pydicom",
    "nibabel",
    "opencv-python-headless",
)


def described(images: ImageSet) -> dict[str, Any]:
    """What a record says of a set."""
    return {
        "path": images.name,
        "fingerprint": images.fingerprint,
        "content": images.content,
        "n": len(images),
        "shape": list(images.shape),
        "dtype": str(images.pixels.dtype),
        "preparation": dict(images.preparation),
        "unreadable": [[one.where, one.reason] for one in images.unreadable],
        "n_patients": len(np.unique(images.patients)),
        "patients_from": list(images.patients_from),
    }


def pixels_fingerprint(images: ImageSet) -> str:
    """The SHA-256 of the values of all images, as they are now.

    A set on disk has a fingerprint of what it was made from: it does not tell whether its pixels were changed since.
    """
    digest = hashlib.sha256()
    size = max(1, _VALUES_AT_ONCE // math.prod(images.shape))
    for start in range(0, len(images), size):
        block = images.read(start, min(start + size, len(images)))
        little = block.astype(block.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{little.dtype.str} {little.shape}\n".encode())
        digest.update(np.ascontiguousarray(little).data)
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """What numbers depend on besides images and settings."""
    packages = {name: metadata.version(name) for name in _PACKAGES}
    return {"doppelscan": doppelscan.__version__, "python": platform.python_version()} | packages
