"""Do the parts of images give the products of all their poses?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.search import symmetry
from doppelscan.search.bands import Bands, averages, block_side, coarse_error, grid_shape
from doppelscan.search.blocks import ArrayBlocks
from doppelscan.search.bounds import product_error
from doppelscan.search.plan import Plan
from doppelscan.search.symmetry import Symmetry, largest_correlations

from .oracle import correlations_in_poses
from .sets import two_sets

CPU = torch.device("cpu")
SHAPES = [(1, 1, 1), (1, 1, 2), (2, 4, 4), (1, 5, 5), (3, 4, 7), (1, 3, 3, 3), (2, 4, 3, 4), (1, 6), (4,)]
KINDS = ["none", "flips", "flips and turns"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_signed_products_of_parts_are_those_of_the_poses(shape: tuple[int, ...], kind: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3, *shape))
    of = Symmetry.of(kind, shape)
    a, b = (of.parted(torch.from_numpy(v.reshape(3, -1))) for v in (x, y))
    signs = torch.from_numpy(np.repeat(of.signs, of.widths, axis=0))
    found = torch.cat([(view * b) @ signs for view in of.exchanged(a)], dim=1).numpy()
    for p, pose in enumerate(of.poses):
        truth = [(pose.of(u) * v).sum() for u, v in zip(x, y, strict=True)]
        np.testing.assert_allclose(found[:, p], truth, atol=1e-12)
    largest = largest_correlations([v.float() for v in of.exchanged(a)], b.float(), of.widths)
    truth = np.max(
        [np.tensordot(pose.of(x).reshape(3, -1), y.reshape(3, -1).T, 1) for pose in of.poses], axis=0
    )
    np.testing.assert_allclose(largest, truth, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_parts_are_orthogonal_coordinates_and_can_be_mended(shape: tuple[int, ...], kind: str) -> None:
    of, d = Symmetry.of(kind, shape), int(np.prod(shape))
    parts = of.parted(torch.eye(d, dtype=torch.float64))
    torch.testing.assert_close(parts @ parts.T, torch.eye(d, dtype=torch.float64), atol=1e-14, rtol=0)
    torch.testing.assert_close(of.mended(parts), torch.eye(d, dtype=torch.float64), atol=1e-14, rtol=0)
    assert sum(of.widths) == d


@settings(deadline=None, max_examples=40)
@given(sets=two_sets(), kind=st.sampled_from(KINDS), k=st.integers(1, 30))
def test_no_correlation_in_any_pose_is_above_its_bounds(
    sets: tuple[np.ndarray, np.ndarray], kind: str, k: int
) -> None:
    x, y = sets
    if not len(x) or not len(y):
        return
    of, side = Symmetry.of(kind, x.shape[1:]), block_side(x.shape[1:])
    x_grid, y_grid = averages(x, side), averages(y, side)
    bands = Bands.learnt(y_grid.values, side, k, of, CPU)
    plan = Plan(2**26, CPU, x.shape[1:], x.itemsize, kind)
    held = next(plan.queries(ArrayBlocks(x))), next(plan.held(ArrayBlocks(y)))
    best = correlations_in_poses(x, y, of.poses).max(axis=0)
    known = ~np.isnan(best)
    coarse = largest_correlations(bands.coarse_in_each_order(x_grid), bands.coarse(y_grid), bands.widths)
    assert (coarse.numpy() + coarse_error(1 + bands.k, CPU) >= best)[known].all()
    plain = largest_correlations(held[0].views, held[1].vectors, plan.widths).numpy()
    assert (np.abs(plain - best) <= product_error(plan.d, CPU, n_folds=of.n_folds))[known].all()


@pytest.mark.parametrize("shape", [(1, 12, 12), (1, 9, 9), (2, 10, 7), (1, 6, 6, 6), (1, 5, 6, 5)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_averages_of_a_turned_image_are_its_averages_turned(shape: tuple[int, ...], dtype: type) -> None:
    images = np.random.default_rng(0).integers(0, 200, (4, *shape)).astype(dtype)
    of = Symmetry.of("flips and turns", shape)
    for side in (2, 4):
        coarse = of.on(grid_shape(shape, side))
        values = averages(images, side).values
        for p, pose in enumerate(of.poses):
            expected = averages(np.ascontiguousarray(pose.of(images)), side).values
            found = coarse.turned(values, np.arange(4), np.full(4, p))
            np.testing.assert_allclose(found, expected, atol=1e-7)


def test_coarse_directions_are_each_of_one_parity_and_orthonormal_of_turned_images_too() -> None:
    images = np.random.default_rng(0).integers(0, 200, (30, 1, 16, 16)).astype(np.uint8)
    grid = averages(images, 2)
    bands = Bands.learnt(grid.values, 2, 20, Symmetry.of("flips and turns", (1, 16, 16)), CPU)
    torch.testing.assert_close(
        bands.basis @ bands.basis.T, torch.eye(20, dtype=torch.float64), atol=1e-12, rtol=0
    )
    rows = bands.basis.reshape(20, 1, 8, 8)
    for axis in (0, 1):
        sign = torch.from_numpy(1.0 - 2 * (bands.parity >> axis & 1)).reshape(-1, 1, 1, 1)
        torch.testing.assert_close(rows.flip(2 + axis), sign * rows, atol=1e-15, rtol=0)
    assert sorted(bands.rank.tolist()) == list(range(20))
    fewer = bands.first(7)
    assert sorted(fewer.rank.tolist()) == list(range(7))
    assert (np.diff(fewer.parity) >= 0).all()
    assert sum(fewer.widths) == 8


def test_strips_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    of = Symmetry.of("flips and turns", (1, 6, 6))
    a, b = (of.parted(torch.randn(n, 36, generator=torch.Generator().manual_seed(n))) for n in (50, 40))
    whole = largest_correlations(of.exchanged(a), b, of.widths)
    monkeypatch.setattr(symmetry, "_STRIP", 40 * 7)
    torch.testing.assert_close(largest_correlations(of.exchanged(a), b, of.widths), whole, atol=1e-5, rtol=0)
