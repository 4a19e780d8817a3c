"""Pixels of any type in [-1, 1], and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doppelscan.errors import InputError
from doppelscan.generators.intensities import Intensities
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources

TYPES = ["uint8", "uint16", "int16", "float32", "float64", "bool"]


def a_set(dtype: str, shape: tuple[int, ...] = (6, 2, 5, 4)) -> ImageSet:
    values = np.random.default_rng(0).random(shape) * 200
    return ImageSet.from_arrays(values > 100 if dtype == "bool" else values.astype(dtype))


@pytest.mark.parametrize("dtype", TYPES)
def test_pixels_come_back_as_they_were(dtype: str) -> None:
    images = a_set(dtype)
    pixels = images.read(0, 6)
    ranges = Intensities.of(images, Resources())
    values = ranges.scaled(pixels)
    assert values.dtype == torch.float32
    assert values.amin() == -1
    assert values.amax() == 1
    back = ranges.restored(values)
    assert back.dtype == pixels.dtype
    np.testing.assert_allclose(back.astype(float), pixels.astype(float), rtol=1e-6, atol=1e-4)


def test_each_channel_has_the_range_of_the_whole_set_however_it_is_read() -> None:
    pixels = a_set("float64").read(0, 6)
    one_by_one = Intensities.of(ImageSet.from_arrays(pixels), Resources(memory=1))
    assert one_by_one.low == tuple(min(float(image[c].min()) for image in pixels) for c in range(2))
    assert one_by_one.high == tuple(max(float(image[c].max()) for image in pixels) for c in range(2))


def test_bytes_are_scaled_on_the_device_as_elsewhere() -> None:
    pixels = a_set("uint8", (6, 3, 4, 5, 3)).read(0, 6)
    pixels[:, 1] = 7  # a constant channel
    ranges = Intensities.of(ImageSet.from_arrays(pixels), Resources())
    on_device = ranges.scaled_bytes(torch.from_numpy(pixels))
    torch.testing.assert_close(on_device, ranges.scaled(pixels), rtol=0, atol=1e-6)
    assert (on_device[:, 1] == 0).all()
    np.testing.assert_array_equal(ranges.restored(on_device), pixels)


def test_what_is_beyond_the_range_is_cut_off() -> None:
    ranges = Intensities((10.0,), (20.0,), "uint8")
    assert ranges.restored(torch.tensor([-3.0, 0.0, 9.0]).reshape(3, 1, 1, 1)).ravel().tolist() == [
        10,
        15,
        20,
    ]


def test_values_that_are_no_numbers_are_refused() -> None:
    pixels = a_set("float32").read(0, 6).copy()
    pixels[3, 0, 0, 0] = np.nan
    with pytest.raises(InputError, match="NaN"):
        Intensities.of(ImageSet.from_arrays(pixels), Resources())
