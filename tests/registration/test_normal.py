"""Normal equations, against sums over every pixel and parameter; and what bending costs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doppelscan.registration.canvas import Canvas, Warp
from doppelscan.registration.normal import bending_energy, equations, solved
from doppelscan.registration.residuals import Paired
from doppelscan.registration.separable import splines


@pytest.mark.parametrize("space", [(6, 8), (4, 5, 6)])
def test_the_step_is_that_of_weighted_least_squares(space: tuple[int, ...]) -> None:
    draw, d, n = torch.Generator().manual_seed(0), len(space), 4
    pictures = torch.randn(2, 1, *space, generator=draw)
    paired = Paired(pictures, torch.randn(2, 1, *space, generator=draw), 0.5)
    matrix = torch.eye(d).repeat(2, 1, 1)
    residual = paired.under(Warp.affine(matrix, torch.full((2, d), 0.3), n))
    gradient = torch.randn(2, d, 1, *space, generator=draw)
    stiffness = torch.eye(n**d, dtype=torch.float64)
    bases = [splines(length, n) for length in space]
    step = solved(*equations(residual, gradient, bases), stiffness)
    product = bases[0]
    for basis in bases[1:]:
        product = torch.einsum("xk,yl->xykl", product, basis).reshape(len(product) * len(basis), -1)
    for pair in range(2):
        slopes = gradient[pair, :, 0].flatten(1).double()
        jacobian = torch.cat([slopes[a][:, None] * product for a in range(d)], dim=1).double()
        weight = (residual.weight[pair].flatten() / residual.inside[pair].sum()).double()
        left = jacobian.T @ (weight[:, None] * jacobian)
        curvature = left + torch.block_diag(*[stiffness] * d)
        curvature += torch.eye(len(left)) * (1e-3 * curvature.diagonal().mean() + 1e-6)
        right = jacobian.T @ (weight * residual.difference[pair].flatten().double())
        expected = -torch.linalg.solve(curvature, right)
        np.testing.assert_allclose(step[pair].flatten(), expected, rtol=1e-3, atol=1e-5)


def test_an_affine_map_bends_nothing() -> None:
    i, j = np.indices((6, 6))
    for controls in (np.ones((6, 6)), i, 2 * i - 3 * j):
        flat = torch.tensor(controls.ravel(), dtype=torch.float64)
        assert flat @ bending_energy((1, 0.5), 6) @ flat == pytest.approx(0, abs=1e-6)


def test_a_parabola_bends_by_its_second_derivative() -> None:
    n, spacing = 6, 2 / 3
    i, _ = np.indices((n, n))
    flat = torch.tensor((0.5 * (i * spacing) ** 2).ravel(), dtype=torch.float64)
    assert flat @ bending_energy((1, 1), n) @ flat == pytest.approx((n - 2) / n)


def test_pixels_that_do_not_fit_and_a_missing_overlap_cost() -> None:
    images = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    paired, identity = Paired(images, images, 0.5), torch.eye(2)[None]
    assert paired.under(Warp.affine(identity, torch.zeros(1, 2), 4)).cost == 0
    outside = paired.under(Warp.affine(identity, torch.full((1, 2), 3.0), 4))
    assert outside.overlap == 0
    assert outside.cost == 1
    assert Canvas((8, 8), torch.device("cpu")).space == paired.canvas.space
