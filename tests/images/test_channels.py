"""Channels are taken, made grey, made colour, or refused with the reason."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.errors import UnreadableImage
from doppelscan.images.channels import with_channels
from doppelscan.images.image import Image


def image_of(*channels: int, dtype: str = "uint8") -> Image:
    return Image(
        np.array(channels, dtype).reshape(-1, 1, 1), spacing_mm=(1.0, 2.0), slope=2.0, intercept=-1.0
    )


def values(image: Image) -> list[int]:
    return image.stored[:, 0, 0].tolist()


def test_grey_is_the_luma_of_three_channels() -> None:
    assert values(with_channels(image_of(100, 200, 50), "grey")) == [153]  # 29.9 + 117.4 + 5.7


@pytest.mark.parametrize(("dtype", "level"), [("uint8", 255), ("uint16", 65535), ("int16", -1024)])
def test_grey_stored_as_colour_stays_as_it_is(dtype: str, level: int) -> None:
    grey = with_channels(image_of(level, level, level, dtype=dtype), "grey")
    assert values(grey) == [level]
    assert grey.stored.dtype == dtype


def test_grey_keeps_grey() -> None:
    image = image_of(7)
    assert with_channels(image, "grey") is image


def test_rgb_repeats_grey_and_keeps_colour() -> None:
    assert values(with_channels(image_of(7), "rgb")) == [7, 7, 7]
    assert values(with_channels(image_of(1, 2, 3), "rgb")) == [1, 2, 3]


def test_channels_are_taken_in_the_order_asked() -> None:
    assert values(with_channels(image_of(10, 11, 12, 13), (3, 0))) == [13, 10]


def test_spacing_and_rescale_are_kept() -> None:
    grey = with_channels(image_of(1, 2, 3), "grey")
    assert (grey.spacing_mm, grey.slope, grey.intercept) == ((1.0, 2.0), 2.0, -1.0)


@pytest.mark.parametrize("wanted", ["grey", "rgb"])
def test_two_channels_cannot_become_grey_or_colour(wanted: str) -> None:
    with pytest.raises(UnreadableImage, match=f"has 2 channels, which cannot become {wanted}"):
        with_channels(image_of(1, 2), wanted)


def test_a_channel_that_is_not_there_is_named() -> None:
    with pytest.raises(UnreadableImage, match="has 2 channels, counted from 0: no channel 4"):
        with_channels(image_of(1, 2), (0, 4))
