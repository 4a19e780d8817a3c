"""Pixels of any type become floats that hold them, and come back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.images.numbers import as_dtype, as_float

EXACT = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64"]


@given(dtype=st.sampled_from(EXACT).map(np.dtype), data=st.data())
def test_there_and_back_changes_nothing(dtype: np.dtype, data: st.DataObject) -> None:
    pixels = data.draw(hnp.arrays(dtype, (1, 2, 3)))
    again = as_dtype(as_float(pixels), dtype)
    assert again.dtype == dtype
    np.testing.assert_array_equal(again, pixels)


@pytest.mark.parametrize(
    ("dtype", "width"),
    [("uint16", "float32"), ("float16", "float32"), ("int32", "float64"), ("float64", "float64")],
)
def test_the_float_is_as_narrow_as_is_exact(dtype: str, width: str) -> None:
    assert as_float(np.zeros(3, dtype)).dtype == width


def test_integers_are_rounded_and_clipped() -> None:
    values = np.array([-7.0, 0.4, 0.6, 254.6, 999.0])
    np.testing.assert_array_equal(as_dtype(values, np.dtype("uint8")), [0, 0, 1, 255, 255])


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint64"])
@pytest.mark.parametrize("width", ["float32", "float64"])
def test_the_largest_integer_does_not_overflow(dtype: str, width: str) -> None:
    largest = np.iinfo(dtype).max
    clipped = as_dtype(np.array([1e30], width), np.dtype(dtype))
    assert largest * 0.999 < int(clipped[0]) <= largest


def test_a_bool_is_what_is_above_one_half() -> None:
    np.testing.assert_array_equal(as_dtype(np.array([0.2, 0.5, 0.7]), np.dtype(bool)), [False, False, True])
