"""Is every image brought to the same shades, whatever its type, range and channels?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.encoders.shades import grey, no_longer_than, refuse_unless_finite, resized, shrunk
from doppelscan.errors import InputError

SHAPES = hnp.array_shapes(min_dims=3, max_dims=4, min_side=1, max_side=7)


@given(hnp.arrays(np.uint16, SHAPES), st.sampled_from([np.float32, np.float64, np.int32]))
def test_shades_do_not_depend_on_the_type(pixels: np.ndarray, dtype: type) -> None:
    np.testing.assert_array_equal(grey(pixels), grey(pixels.astype(dtype)))


@given(hnp.arrays(np.uint8, SHAPES), st.integers(1, 100), st.integers(-500, 500))
def test_shades_do_not_depend_on_a_scale_or_an_offset(pixels: np.ndarray, scale: int, offset: int) -> None:
    changed = pixels.astype(np.float64) * scale + offset
    assert np.abs(grey(pixels).astype(int) - grey(changed)).max() <= 1  # a rounding


def test_a_film_without_outliers_fills_the_range() -> None:
    film = np.repeat(np.arange(50, 150), 10).reshape(1, 20, 50)
    shades = grey(film)
    assert (shades.min(), shades.max()) == (0, 255)
    assert (np.diff(shades.ravel().astype(int)) >= 0).all()


def test_every_channel_has_the_same_say() -> None:
    rng = np.random.default_rng(0)
    channels = rng.integers(0, 255, (2, 9, 9)).astype(np.float64)
    louder = channels * np.array([1, 1000])[:, None, None]
    assert np.abs(grey(channels).astype(int) - grey(louder)).max() <= 1


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 1, 1), (2, 3, 4, 5), (1, 0, 4)])
def test_a_constant_image_is_black(shape: tuple[int, ...]) -> None:
    assert not grey(np.full(shape, 7.5)).any()


def test_one_pixel_that_differs_is_seen() -> None:
    image = np.zeros((1, 50, 50))
    image[0, 3, 4] = 1
    shades = grey(image)
    assert shades[3, 4] == 255
    assert shades.sum() == 255


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40)), st.integers(1, 60))
def test_the_longest_side_is_as_asked(image: np.ndarray, side: int) -> None:
    assert max(resized(image, side).shape) == side


@given(hnp.arrays(np.int16, SHAPES), st.integers(1, 7))
def test_what_is_shrunk_has_the_shape_promised_and_stays_within_0_and_1(image: np.ndarray, side: int) -> None:
    small = no_longer_than(side, image.shape[1:])
    values = shrunk(image, small)
    assert values.shape == (len(image), *small)
    assert max(small) <= max(side, 1)
    assert -1e-6 <= values.min() <= values.max() <= 1 + 1e-6


@pytest.mark.parametrize("shape", [(2, 8, 8), (1, 8, 8, 8)])
def test_shrinking_by_two_averages_pairs(shape: tuple[int, ...]) -> None:
    image = np.zeros(shape)
    image[..., 4:] = 1
    small = shrunk(image, tuple(n // 2 for n in shape[1:]))
    np.testing.assert_allclose(
        small[..., [0, -1]], np.broadcast_to([0, 1], small[..., [0, -1]].shape), atol=0.1
    )
    assert small.mean() == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e301])
def test_what_cannot_be_summed_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="NaN, infinite or too large"):
        refuse_unless_finite(np.array([[[[0.0, value]]]]))


def test_complex_pixels_are_refused() -> None:
    with pytest.raises(InputError, match="complex128 are not real"):
        refuse_unless_finite(np.zeros((1, 1, 2, 2), dtype=complex))
