"""Are tiles where they should be, and do their products tell correlations exactly alike in any company?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.errors import InputError
from doppelscan.search.tile_grid import LENGTH, Detail, TileGrid, TileSettings
from textures import textures

from .oracle import correlation

SMALL = TileSettings(side=24, tile=8, step=4)


def test_products_of_tiles_are_their_correlations() -> None:
    images = textures(4, (1, 24, 24))
    grid = TileGrid.of((1, 24, 24), SMALL)
    vectors = grid.vectors(images)
    assert grid.n_tiles == (5, 5)
    for tile, (y, x) in enumerate(np.ndindex(5, 5)):
        cut = images[:, :, 4 * y : 4 * y + 8, 4 * x : 4 * x + 8]
        for i, j in [(0, 1), (2, 3), (1, 1)]:
            product = float(vectors[tile, i] @ vectors[tile, j]) / LENGTH**2
            assert product == pytest.approx(correlation(cut[i], cut[j]), abs=2e-3)


def test_where_there_is_little_detail_noise_makes_correlations_small() -> None:
    rng = np.random.default_rng(0)
    faint = np.stack([rng.normal(0, deviation, (1, 24, 24)) for deviation in (0.02, 1.0)])
    faint[:, 0, 0, 0] = 256  # the range
    grid = TileGrid.of((1, 24, 24), replace(SMALL, detail=Detail(finer=2.0, grain=1 / 256)))
    own = np.square(grid.vectors(faint)).sum(2)[6:] / LENGTH**2
    assert own[:, 0].max() < 0.01
    assert 0.2 < own[:, 1].min() < own[:, 1].max() < 0.7
    assert own[:, 1].mean() == pytest.approx(0.5, abs=0.1)


def test_lines_count_as_much_as_the_limit_however_high() -> None:
    image = np.zeros((1, 24, 24), np.float32)
    image[..., 12:] = 1.0
    fine = Detail(finer=1.0, most=0.1, steep=np.inf).of(image)
    assert (fine.min(), fine.max()) == (pytest.approx(-0.1), pytest.approx(0.1))
    np.testing.assert_allclose(fine[..., :6], 0, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 24, 40), (1, 12, 14, 40)])
def test_detail_on_a_slope_counts_less_the_steeper_it_is(shape: tuple[int, ...]) -> None:
    grain = np.random.default_rng(0).normal(0, 1e-4, shape)
    along = np.arange(40)
    flat, half, steep = (
        Detail(steep=0.02).of((grain + rise * along).astype(np.float32))[..., 4:-4]
        for rise in (0, 0.02, 0.06)
    )
    np.testing.assert_allclose(half, flat / 2, atol=2e-6)
    np.testing.assert_allclose(steep, flat / 10, atol=2e-6)


@pytest.mark.parametrize("shape", [(1, 24, 24), (3, 12, 24), (2, 24, 12, 12)])
def test_products_are_integers_that_float32_holds(shape: tuple[int, ...]) -> None:
    vectors = TileGrid.of(shape, SMALL).vectors(textures(3, shape))
    exact = vectors.astype(np.int64) @ vectors.transpose(0, 2, 1).astype(np.int64)
    np.testing.assert_array_equal(vectors @ vectors.transpose(0, 2, 1), exact)
    assert exact.max() < 2**24


@settings(deadline=None)
@given(
    st.tuples(*[st.integers(1, 40)] * 2) | st.tuples(*[st.integers(1, 12)] * 3),
    st.integers(4, 30),
    st.integers(2, 4),
    st.integers(1, 2),
)
def test_images_of_any_shape_have_places_within_them(
    space: tuple[int, ...], side: int, tile: int, step: int
) -> None:
    grid = TileGrid.of((1, *space), TileSettings(side=side, tile=tile, step=step))
    vectors = grid.vectors(np.random.default_rng(0).normal(size=(2, 1, *space)))
    assert len(vectors) == np.prod(grid.n_tiles) == grid.places.max() + 1
    for place in range(len(grid.places)):
        for axis, box in enumerate(grid.box(place)):
            assert 0 <= box.start < box.stop <= space[axis]


def test_a_place_is_a_block_of_neighbouring_tiles() -> None:
    grid = TileGrid.of((1, 24, 24), SMALL)
    assert grid.places.shape == (16, 4)
    assert sorted(grid.places[5].tolist()) == [6, 7, 11, 12]
    assert grid.box(5) == (slice(4, 16), slice(4, 16))


def test_tiles_without_detail_are_zero_although_rounding_left_something() -> None:
    images = textures(2, (1, 24, 24)).astype(np.float64)
    images[0, 0, :12, :12] = 100.1
    grid = TileGrid.of((1, 24, 24), SMALL)
    vectors = grid.vectors(images)
    assert not vectors[0, 0].any()
    assert vectors[0, 1].any()
    assert not grid.vectors(np.full((1, 1, 24, 24), 0.1)).any()


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
def test_tiles_do_not_depend_on_type_or_range(dtype: type) -> None:
    images = textures(2, (1, 50, 70))
    grid = TileGrid.of((1, 50, 70), SMALL)
    np.testing.assert_allclose(grid.vectors(images), grid.vectors(images.astype(dtype) * 9), atol=1)


def test_an_image_has_the_same_tiles_alone() -> None:
    images = textures(5, (1, 50, 70))
    grid = TileGrid.of((1, 50, 70), SMALL)
    np.testing.assert_array_equal(grid.vectors(images)[:, 3:4], grid.vectors(images[3:4]))


def test_other_shapes_and_senseless_tiles_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(1, 9, 9\) cannot be compared.*--size"):
        TileGrid.of((1, 24, 24), SMALL).vectors(np.zeros((1, 1, 9, 9)))
    with pytest.raises(InputError, match="step <= tile <= side"):
        TileSettings(side=10, tile=12)
