"""Matrices along one axis, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline

from doppelscan.registration.separable import along_axes, area_average, gaussian, splines


def test_axes_are_multiplied_in_their_order() -> None:
    images = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    first, second = torch.randn(6, 4), torch.randn(7, 5)
    expected = torch.einsum("nchw,yh,xw->ncyx", images, first, second)
    torch.testing.assert_close(along_axes(images, [first, second]), expected)


@pytest.mark.parametrize(("length", "to"), [(12, 4), (7, 3), (5, 5), (224, 64)])
def test_areas_that_cut_through_pixels_count_them_in_part(length: int, to: int) -> None:
    fine = np.repeat(np.arange(length), to)  # each pixel cut into `to` parts: areas now hold whole parts
    expected = np.zeros((to, length))
    for area, parts in enumerate(fine.reshape(to, length)):
        for pixel in parts:
            expected[area, pixel] += 1 / length
    np.testing.assert_allclose(area_average(length, to), expected, atol=1e-6)


def test_gaussian_weights_sum_to_one_at_the_border_as_well() -> None:
    weights = gaussian(9, 2.0)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(9))
    assert weights[4, 4] / weights[4, 6] == pytest.approx(np.exp(0.5), rel=1e-5)


@pytest.mark.parametrize("n", [4, 6])
def test_splines_are_those_of_scipy(n: int) -> None:
    knots = np.arange(n + 4) - 2.0  # in controls: spline i lies about i
    places = 1 + (np.arange(20) + 0.5) / 20 * (n - 3)
    expected = np.stack(
        [BSpline.basis_element(knots[i : i + 5], extrapolate=False)(places) for i in range(n)], 1
    )
    np.testing.assert_allclose(splines(20, n), np.nan_to_num(expected), atol=1e-6)


def test_splines_reproduce_straight_lines() -> None:
    line = splines(16, 5) @ torch.arange(5.0)
    torch.testing.assert_close(line.diff(), torch.full((15,), 2 / 16))
