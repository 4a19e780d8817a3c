"""What is too large, too empty or no pixel."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import limits


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 11_585, 11_585), (1, 65_535, 2_000), (1, 1024, 1024, 1024)])
def test_what_occurs_is_let_through(shape):
    limits.check_shape(shape)


@pytest.mark.parametrize(
    "shape",
    [(1, 65_535, 65_535), (3, 11_586, 11_586), (1, 1025, 1024, 1024), (5000, 9, 9), (64, 512, 512, 512)],
)
def test_what_no_image_measures_is_refused(shape):
    with pytest.raises(UnreadableImage, match="too large"):
        limits.check_shape(shape)


@pytest.mark.parametrize("shape", [(1, 0, 5), (0, 5, 5), (1, 5, -5)])
def test_no_pixels_are_refused(shape):
    with pytest.raises(UnreadableImage, match="no pixels"):
        limits.check_shape(shape)


@pytest.mark.parametrize("n", [0, -1, 10**9])
def test_impossible_counts_are_refused(n):
    with pytest.raises(UnreadableImage, match="images"):
        limits.check_count(n)


def test_only_real_numbers_of_up_to_8_bytes_are_pixels():
    for dtype in (bool, np.uint8, np.int64, np.float16, np.float64):
        limits.check_dtype(np.dtype(dtype))
    for dtype in (object, str, np.complex64, np.longdouble, [("R", "u1")], "datetime64[s]"):
        with pytest.raises(UnreadableImage):
            limits.check_dtype(np.dtype(dtype))
