"""Channels, orientation and opacity, against one pixel at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.images.formats import raster

RNG = np.random.default_rng(7)


def test_channels_come_first_in_the_machines_order():
    samples = RNG.integers(0, 999, (4, 5, 3)).astype(">u2")
    stored = raster.channels_first(samples)
    assert (stored.shape, stored.dtype, stored.flags.c_contiguous) == ((3, 4, 5), np.dtype("=u2"), True)
    np.testing.assert_array_equal(stored[1], samples[..., 1])
    assert raster.channels_first(samples[..., 0]).shape == (1, 4, 5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_undoes_itself_by_the_inverse_orientation(orientation):
    samples = RNG.integers(0, 999, (4, 5, 3))
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    np.testing.assert_array_equal(raster.upright(raster.upright(samples, orientation), inverse), samples)


def test_an_orientation_that_does_not_exist_changes_nothing():
    samples = RNG.integers(0, 999, (4, 5))
    assert raster.upright(samples, 0) is samples
    assert raster.upright(samples, 77) is samples


@given(value=st.integers(0, 65535), opacity=st.integers(0, 65535))
def test_opacity_scales_a_value_to_the_nearest_integer(value, opacity):
    seen = raster.on_black(np.array([[[value, opacity]]], np.uint16))
    assert abs(int(seen[0, 0, 0]) - value * opacity / 65535) <= 0.5


def test_floating_opacity_is_a_share():
    samples = np.array([[[0.5, 1.0, 0.5], [0.25, 2.0, 1.0]]], np.float32)
    np.testing.assert_array_equal(
        raster.on_black(samples), np.array([[[0.25, 0.5], [0.25, 2.0]]], np.float32)
    )
