"""Which images are refused unread: too large, empty, or of numbers that are no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from doppelscan.errors import UnreadableImage

__all__ = [
    "MAX_CHANNELS",
    "MAX_IMAGES",
    "MAX_PIXELS",
    "MAX_VOXELS",
    "check_count",
    "check_dtype",
    "check_shape",
]

MAX_PIXELS = 2**27
"""Pixels of a film or slice: 11,585 x 11,585."""

MAX_VOXELS = 2**30
"""Voxels of a volume: 1,024 x 1,024 x 1,024."""

MAX_CHANNELS = 2**12
"""Channels of one image, such as the directions of a diffusion series."""

MAX_IMAGES = 2**22
"""Images in one file."""


def check_shape(shape: Sequence[int]) -> None:
    """Refuse an image (c, *space) without pixels, or with so many that it is a mistake or an attack."""
    channels, *space = shape
    limit = MAX_PIXELS if len(space) == 2 else MAX_VOXELS
    size = " x ".join(f"{n:,}" for n in space)
    if min(shape) < 1:
        raise UnreadableImage(f"has no pixels: {size}, {channels} channels")
    if prod(space) > limit or channels > MAX_CHANNELS or prod(shape) > 4 * MAX_VOXELS:
        raise UnreadableImage(f"too large: {size}, {channels} channels; the limit is {limit:,} pixels")


def check_count(n_images: int) -> None:
    """Refuse a file that says it holds no image, or more than any file does."""
    if not 1 <= n_images <= MAX_IMAGES:
        raise UnreadableImage(f"says that it holds {n_images:,} images")


def check_dtype(dtype: np.dtype[np.generic]) -> None:
    """Refuse what is no pixel: complex numbers, text, objects, records."""
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise UnreadableImage(f"holds {dtype}, which is no type of pixel")
