"""Which channels of an image are used, and how colour becomes grey."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from doppelscan.errors import UnreadableImage
from doppelscan.images.image import Image
from doppelscan.images.numbers import as_dtype, as_float

__all__ = ["Channels", "with_channels"]

Channels = Literal["keep", "grey", "rgb"] | tuple[int, ...]

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def with_channels(image: Image, channels: Channels) -> Image:
    """The image with the channels asked for; UnreadableImage where it lacks them."""
    if channels == "keep":
        return image
    if channels == "grey":
        return _grey(image)
    if channels == "rgb":
        return _rgb(image)
    return _picked(image, channels)


def _grey(image: Image) -> Image:
    if len(image.stored) == 1:
        return image
    _refuse_unless_three(image, "grey")
    red, green, blue = as_float(image.stored)
    luma = _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue
    return replace(image, stored=as_dtype(luma[None], image.stored.dtype))


def _rgb(image: Image) -> Image:
    if len(image.stored) == 1:
        return replace(image, stored=np.repeat(image.stored, 3, axis=0))
    _refuse_unless_three(image, "rgb")
    return image


def _picked(image: Image, channels: tuple[int, ...]) -> Image:
    absent = [channel for channel in channels if channel >= len(image.stored)]
    if absent:
        raise UnreadableImage(f"has {len(image.stored)} channels, counted from 0: no channel {absent[0]}")
    return replace(image, stored=image.stored[list(channels)])


def _refuse_unless_three(image: Image, wanted: str) -> None:
    if len(image.stored) != 3:
        raise UnreadableImage(f"has {len(image.stored)} channels, which cannot become {wanted}")
