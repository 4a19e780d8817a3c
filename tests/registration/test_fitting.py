"""Steps bring images together, and never leave them further apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from doppelscan.registration.canvas import Canvas, Warp
from doppelscan.registration.fitting import affine_fit, bent_fit
from doppelscan.registration.residuals import Paired
from doppelscan.registration.separable import times

SPACES = [(32, 24), (15, 13, 11)]


def scenes(p: int, c: int, space: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    noise = np.random.default_rng(seed).normal(size=(p, c, *space))
    smooth = ndimage.gaussian_filter(noise, (0, 0) + (3.0,) * len(space))
    return torch.from_numpy((smooth / smooth.std()).astype(np.float32))


def identity(p: int, d: int, n: int = 4) -> Warp:
    return Warp.affine(torch.eye(d).repeat(p, 1, 1), torch.zeros(p, d), n)


def seen_through(moving: torch.Tensor, warp: Warp) -> Paired:
    canvas = Canvas(tuple(moving.shape[2:]), moving.device)
    return Paired(moving, canvas.seen(moving, canvas.sources(warp)), 0.5)


@pytest.mark.parametrize("space", SPACES)
def test_a_known_affine_map_is_found(space: tuple[int, ...]) -> None:
    d = len(space)
    change = 0.05 * torch.from_numpy(np.random.default_rng(1).normal(size=(2, d, d + 1)).astype(np.float32))
    known = identity(2, d).after(change[:, :, 1:], change[:, :, 0])
    found, cost = affine_fit(seen_through(scenes(2, 2, space), known), identity(2, d), 20)
    np.testing.assert_allclose(found.matrix, known.matrix, atol=0.02)
    np.testing.assert_allclose(found.offset, known.offset, atol=0.02)
    assert (cost < 0.01).all()


@pytest.mark.parametrize("space", SPACES)
def test_a_known_bend_is_followed(space: tuple[int, ...]) -> None:
    d = len(space)
    bend = 0.08 * torch.from_numpy(np.random.default_rng(1).normal(size=(2, d, *(4,) * d)).astype(np.float32))
    paired = seen_through(scenes(2, 1, space), identity(2, d).bent_by(bend))
    before = paired.under(identity(2, d)).cost
    found, cost = bent_fit(paired, identity(2, d), 10, 1e-4)
    assert (cost < before / 4).all()
    assert torch.equal(found.matrix, identity(2, d).matrix)


def test_bending_costs_what_it_is_worth() -> None:
    bend = 0.08 * scenes(1, 2, (4, 4))
    paired = seen_through(scenes(1, 1, (32, 24)), identity(1, 2).bent_by(bend))
    loose, stiff = (bent_fit(paired, identity(1, 2), 8, bending)[0] for bending in (1e-4, 10.0))
    assert stiff.controls.diff(n=2).abs().max() < loose.controls.diff(n=2).abs().max() / 3


@pytest.mark.parametrize("space", SPACES)
def test_no_fit_is_worse_than_where_it_began(space: tuple[int, ...]) -> None:
    d = len(space)
    paired = Paired(scenes(6, 1, space), scenes(6, 1, space, seed=1), 0.5)
    before = paired.under(identity(6, d)).cost
    for found, cost in (
        affine_fit(paired, identity(6, d), 5),
        bent_fit(paired, identity(6, d), 5, 0.01),
    ):
        assert (cost <= before).all()
        assert (paired.under(found).cost <= cost + 1e-6).all()


def test_no_steps_change_nothing() -> None:
    paired = Paired(scenes(2, 1, (16, 12)), scenes(2, 1, (16, 12), seed=1), 0.5)
    for found, cost in (affine_fit(paired, identity(2, 2), 0), bent_fit(paired, identity(2, 2), 0, 0.01)):
        assert torch.equal(found.controls, identity(2, 2).controls)
        assert torch.equal(cost, paired.under(identity(2, 2)).cost)


@pytest.mark.parametrize("n", [4, 5])
def test_a_fit_is_the_same_wherever_a_pair_stands(n: int) -> None:
    moving, fixed = scenes(8, 1, (9, 7, 5)), scenes(8, 1, (9, 7, 5), seed=1)
    found, cost = bent_fit(Paired(moving, fixed, 0.5), identity(8, 3, n), 3, 0.01)
    rolled, rolled_cost = bent_fit(
        Paired(moving.roll(3, 0), fixed.roll(3, 0), 0.5), identity(8, 3, n), 3, 0.01
    )
    assert torch.equal(rolled.controls, found.controls.roll(3, 0))
    assert torch.equal(rolled_cost, cost.roll(3, 0))


@pytest.mark.parametrize("shape", [(8, 75, 5), (9, 3, 11, 13), (7, 125), (8, 1, 35, 21)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_times_a_matrix_are_the_same_wherever_they_stand(
    shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    chance = torch.Generator().manual_seed(0)
    rows = torch.randn(shape, generator=chance, dtype=dtype)
    matrix = torch.randn(shape[-1], 15, generator=chance, dtype=dtype)
    product = times(rows, matrix)
    np.testing.assert_allclose(product, rows.numpy() @ matrix.numpy(), rtol=1e-4, atol=1e-4)
    assert product.is_contiguous()
    assert torch.equal(times(rows.roll(3, 0), matrix), product.roll(3, 0))
    assert torch.equal(times(rows[:1], matrix), product[:1])
