"""What decoded pixels depend on besides the files: the version of our code and of the libraries that decode."""

from __future__ import annotations

from functools import cache
from importlib import metadata

__all__ = ["code_versions"]

_CODE = 2  # raised when the same files come to give other tables or pixels
_LIBRARIES = (
    "numpy",
    "pillow",
    "opencv-python-headless",
    "pydicom",
    "python-gdcm",
    "pyjpegls",
    "pylibjpeg-openjpeg",
    "nibabel",
)


@cache
def code_versions() -> dict[str, str]:
    """Part of the key of whatever is kept in the cache."""
    return {"doppelscan": str(_CODE)} | {name: metadata.version(name) for name in _LIBRARIES}
