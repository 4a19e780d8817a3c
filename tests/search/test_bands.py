"""Do the bounds bound, and are they near enough to be of use?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.errors import InputError
from doppelscan.search.bands import Bands, averages, averages_error, block_side, coarse_error
from doppelscan.search.symmetry import Symmetry

from .oracle import correlations
from .sets import two_sets

CPU = torch.device("cpu")


@settings(deadline=None, max_examples=60)
@given(sets=two_sets(), k=st.integers(1, 30))
def test_no_correlation_is_above_its_bounds(sets: tuple[np.ndarray, np.ndarray], k: int) -> None:
    queries, references = sets
    if not len(queries) or not len(references):
        return
    side = block_side(queries.shape[1:])
    x, y = averages(queries, side), averages(references, side)
    bands = Bands.learnt(y.values, side, k, Symmetry.of("none", queries.shape[1:]), CPU)
    coarse = (bands.coarse(x).double() @ bands.coarse(y).double().T).numpy()
    finer = x.values.astype(float) @ y.values.T + x.rest[:, None].astype(float) * y.rest
    truth = correlations(queries, references)
    known = ~np.isnan(truth)
    assert (coarse + coarse_error(1 + bands.k, CPU) >= truth)[known].all()
    assert (finer + averages_error(x.values) >= truth)[known].all()
    assert (x.constant == np.isnan(correlations(queries, queries).diagonal())).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64])
def test_averages_are_those_of_the_centred_image_scaled(dtype: type) -> None:
    image = np.random.default_rng(0).integers(0, 100, (1, 2, 6, 7)).astype(dtype)
    unit = image - image.mean()
    unit /= np.sqrt((unit**2).sum())
    rows, columns = (slice(0, 3), slice(3, 6)), (slice(0, 7),)
    blocks = [unit[0, c, y, x] for c in range(2) for y in rows for x in columns]
    grid = averages(image, 4)
    expected = np.array([block.sum() / np.sqrt(block.size) for block in blocks])
    np.testing.assert_allclose(grid.values[0], expected, atol=1e-7)
    assert grid.rest[0] == pytest.approx(np.sqrt(1 - (expected**2).sum()), abs=1e-5)


def test_images_of_blocks_are_bounded_without_slack() -> None:
    images = np.random.default_rng(0).integers(0, 256, (9, 1, 8, 8)).repeat(4, axis=2).repeat(4, axis=3)
    grid = averages(images.astype(np.uint8), 4)
    bounds = grid.values @ grid.values.T + grid.rest[:, None] * grid.rest
    np.testing.assert_allclose(bounds, correlations(images, images), atol=1e-5)


def test_coarse_directions_are_orthonormal_even_of_identical_images() -> None:
    values = averages(np.repeat(np.arange(64, dtype=np.uint8).reshape(1, 1, 8, 8), 5, axis=0), 2).values
    basis = Bands.learnt(values, 2, 4, Symmetry.of("none", (1, 8, 8)), CPU).basis
    np.testing.assert_allclose((basis @ basis.T).numpy(), np.eye(4), atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "side"), [((1, 64, 64), 2), ((1, 224, 224), 4), ((3, 512, 512), 16), ((1, 1, 1), 2), ((5,), 2)]
)
def test_blocks_leave_at_most_4096_averages(shape: tuple[int, ...], side: int) -> None:
    assert block_side(shape) == side


def test_broken_pixels_are_refused() -> None:
    with pytest.raises(InputError, match="NaN"):
        averages(np.full((1, 1, 4, 4), np.nan), 2)
