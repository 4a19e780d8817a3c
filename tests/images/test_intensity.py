"""Values become 0 to 255 by known answers, and values that are none are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.errors import UnreadableImage
from doppelscan.images.image import Image
from doppelscan.images.intensity import by_maximum, by_percentiles, by_window, check_finite, to_uint8


def image_of(values: list[float], dtype: str = "int16", **rescale: float) -> Image:
    return Image(np.array(values, dtype).reshape(1, 1, -1), **rescale)


def levels(image: Image) -> list[int]:
    assert image.stored.dtype == np.uint8
    return image.stored[0, 0].tolist()


def test_the_largest_value_becomes_255_and_what_is_negative_0() -> None:
    assert levels(by_maximum(image_of([-50, 0, 500, 1000]))) == [0, 0, 128, 255]


def test_nothing_above_0_becomes_0() -> None:
    assert levels(by_maximum(image_of([-50, 0]))) == [0, 0]


def test_a_window_is_about_its_centre() -> None:
    assert levels(by_window(image_of([-200, -160, 40, 240, 300]), centre=40.0, width=400.0)) == [
        0,
        0,
        128,
        255,
        255,
    ]


def test_a_window_is_in_values_not_in_stored_pixels() -> None:
    rescaled = by_window(image_of([0, 1024, 2048], slope=1.0, intercept=-1024.0), centre=0.0, width=2048.0)
    assert levels(rescaled) == [0, 128, 255]
    assert (rescaled.slope, rescaled.intercept) == (1.0, 0.0)


def test_a_negative_slope_turns_dark_into_bright() -> None:
    assert levels(by_maximum(image_of([0, 100], slope=-1.0, intercept=100.0))) == [255, 0]


def test_percentiles_leave_the_outlier_aside() -> None:
    values = [*range(101), 30000]
    scaled = levels(by_percentiles(image_of(values), 0.0, 99.0))
    assert (scaled[0], scaled[50], scaled[-1]) == (0, 128, 255)


def test_channels_are_scaled_each_by_itself() -> None:
    image = Image(np.array([[[0, 10]], [[0, 1000]]], np.int16))
    np.testing.assert_array_equal(by_maximum(image).stored, [[[0, 255]], [[0, 255]]])
    np.testing.assert_array_equal(by_percentiles(image, 0.0, 100.0).stored, [[[0, 255]], [[0, 255]]])


def test_a_constant_channel_becomes_0() -> None:
    assert levels(by_percentiles(image_of([7, 7, 7]), 0.5, 99.5)) == [0, 0, 0]


@given(
    values=hnp.arrays(
        st.sampled_from(["uint8", "int16", "int32", "float32", "float64"]),
        (1, 2, 3),
        elements=st.integers(0, 100),
    ),
    ends=st.tuples(st.integers(-200, 200), st.integers(-200, 200)),
)
def test_8_bits_agree_with_the_definition(values: np.ndarray, ends: tuple[int, int]) -> None:
    low, high = (np.array([float(end)]) for end in ends)
    scaled = to_uint8(values, low, high)
    for value, level in zip(values.ravel().tolist(), scaled.ravel().tolist(), strict=True):
        share = (value - ends[0]) / (ends[1] - ends[0]) if ends[1] > ends[0] else 0.0
        assert abs(level - 255 * min(max(share, 0), 1)) <= 0.5001


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_what_is_not_finite_is_refused(bad: float, dtype: str) -> None:
    with pytest.raises(UnreadableImage, match=r"holds NaN or infinite values \(1 of 3\)"):
        check_finite(image_of([0, bad, 1], dtype))


def test_a_rescale_that_is_not_finite_is_refused() -> None:
    with pytest.raises(UnreadableImage, match="rescales its values by nan and 0"):
        check_finite(image_of([0, 1], slope=float("nan")))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "bool"])
def test_finite_values_pass(dtype: str) -> None:
    assert check_finite(image_of([0, 1], dtype)) is None
