"""Which images are refused unread: too large, empty, or of numbers that are no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from doppelscan.errors import UnreadableImage
from doppelscan.limits import BYTES, CHANNELS, IMAGES, NESTING, PIXELS, VOXELS

__all__ = ["check_bytes", "check_count", "check_dtype", "check_nesting", "check_shape"]


def check_shape(shape: Sequence[int]) -> None:
    """Refuse an image (c, *space) without pixels, or with so many that it is a mistake or an attack."""
    channels, *space = shape
    size = f"{' x '.join(f'{n:,}' for n in space)}, {channels:,} channels"
    if min(shape) < 1:
        raise UnreadableImage(f"has no pixels: {size}")
    most = PIXELS if len(space) == 2 else VOXELS
    if prod(space) > most.value:
        raise UnreadableImage(f"too large: {size}; {most}")
    if channels > CHANNELS.value:
        raise UnreadableImage(f"too large: {size}; {CHANNELS}")
    if prod(shape) > 4 * VOXELS.value:
        raise UnreadableImage(f"too large: {size}; four channels may be as large as a volume; {VOXELS}")


def check_bytes(n_bytes: int) -> None:
    """Refuse a file that says that it is unpacked to more than there may be."""
    if n_bytes > BYTES.value:
        raise UnreadableImage(f"too large: unpacked to {n_bytes:,} bytes; {BYTES}")


def check_count(n_images: int) -> None:
    """Refuse a file that says it holds no image, or more than any file does."""
    if not 1 <= n_images <= IMAGES.value:
        raise UnreadableImage(f"says that it holds {n_images:,} images; {IMAGES}")


def check_nesting(depth: int) -> None:
    """Refuse what lies too deep in what lies in itself."""
    if depth > NESTING.value:
        raise UnreadableImage(f"is nested too deeply; {NESTING}")


def check_dtype(dtype: np.dtype[np.generic]) -> None:
    """Refuse what is no pixel: complex numbers, text, objects, records."""
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise UnreadableImage(f"holds {dtype}, which is no type of pixel")
