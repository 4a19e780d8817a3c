"""What a record says of the sets that were used, and of what else numbers depend on."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

import doppelscan
from doppelscan.imagesets import ImageSet

__all__ = ["described", "versions"]

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
    }


def versions() -> dict[str, str]:
    """What numbers depend on besides images and settings."""
    packages = {name: metadata.version(name) for name in _PACKAGES}
    return {"doppelscan": doppelscan.__version__, "python": platform.python_version()} | packages
