"""Sums of bytes stay exact where 32 bits are just enough."""

from __future__ import annotations

import numpy as np
import pytest
from numba import int32

from doppelscan.search import kernels
from doppelscan.search.bands import averages

MORE = 2**31 // 255**2 + 3
"""More products of the largest bytes than 32 bits hold the sum of, by a few."""


@pytest.mark.parametrize("d", [7, 2**15, MORE, 2 * MORE])
def test_products_of_the_largest_bytes_are_exact(d: int) -> None:
    images = np.full((2, d), 255, dtype=np.uint8)
    images[1, 0] = 0
    pairs = np.array([0, 0, 1]), np.array([0, 1, 1])
    wide = images.astype(np.int64)
    found = kernels.integer_products(images, images, pairs)
    np.testing.assert_array_equal(found, (wide[pairs[0]] * wide[pairs[1]]).sum(axis=1))


def test_products_of_bytes_are_added_in_32_bits() -> None:
    """In 64 bits the search is right, and eight times as long."""
    image = np.ones(9, dtype=np.uint8)
    assert kernels._byte_product(image, image) == 9
    assert {one.signature.return_type for one in kernels._byte_product.overloads.values()} == {int32}


@pytest.mark.parametrize("width", [2**15, MORE])
def test_block_averages_of_very_wide_images_of_the_largest_bytes_are_exact(width: int) -> None:
    images = np.full((1, 1, 3, width), 255, dtype=np.uint8)
    images[..., 0] = 0
    narrow, wide = (averages(images.astype(dtype), 8) for dtype in (np.uint8, np.uint16))
    np.testing.assert_array_equal(narrow.values, wide.values)
    flat = images.astype(np.int64).ravel()
    variation = float((flat * flat).sum() - flat.sum() ** 2 / flat.size)
    for sums in (narrow.sums, wide.sums):
        assert sums is not None
        np.testing.assert_allclose(sums.variation, variation, rtol=1e-12)
