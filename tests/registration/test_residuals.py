"""Images are compared within their overlap, in plain loops as in tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doppelscan.registration.canvas import Warp
from doppelscan.registration.residuals import Paired


def pictures(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def shifted(p: int, offset: tuple[float, ...]) -> Warp:
    d = len(offset)
    return Warp.affine(torch.eye(d).repeat(p, 1, 1), torch.tensor(offset).repeat(p, 1), 4)


def loop_cost(moving: np.ndarray, fixed: np.ndarray, shift: int, least_overlap: float) -> float:
    """Of one image (c, rows, columns) that moves by whole columns."""
    n = fixed.shape[-1] - shift
    seen, shown = moving[..., shift:].astype(float), fixed[..., :n].astype(float)
    misfit = 0.0
    for row, column in np.ndindex(*shown.shape[1:]):
        squared = 0.0
        for a, b in zip(seen, shown, strict=True):
            r = (a[row, column] - a.mean()) / a.std() - (b[row, column] - b.mean()) / b.std()
            squared += r**2 / len(seen)
        misfit += squared / (1 + squared)
    overlap = n / fixed.shape[-1]
    area = fixed[0].size * max(overlap, least_overlap)
    return misfit / area + max(0.0, 1 - overlap / least_overlap)


@pytest.mark.parametrize("shift", [0, 2, 5])
def test_the_cost_is_that_of_plain_loops(shift: int) -> None:
    moving, fixed = pictures(2, 3, 5, 8), pictures(2, 3, 5, 8, seed=1)
    residual = Paired(moving, fixed, 0.5).under(shifted(2, (0.0, 2 * shift / 8)))
    expected = [loop_cost(a, b, shift, 0.5) for a, b in zip(moving.numpy(), fixed.numpy(), strict=True)]
    np.testing.assert_allclose(residual.cost.numpy(), expected, rtol=1e-4)
    np.testing.assert_allclose(residual.overlap.numpy(), 1 - shift / 8)


@pytest.mark.parametrize("space", [(6, 9), (4, 3, 5), (1, 7)])
def test_what_is_the_same_costs_nothing_and_counts_wholly(space: tuple[int, ...]) -> None:
    images = pictures(2, 2, *space)
    residual = Paired(images, 3 * images + 1, 0.5).under(shifted(2, (0.0,) * len(space)))
    np.testing.assert_allclose(residual.cost.numpy(), 0, atol=1e-6)
    np.testing.assert_allclose(residual.weight.numpy(), 1, atol=1e-5)


def test_what_has_no_overlap_costs_most() -> None:
    images = pictures(1, 1, 6, 9)
    residual = Paired(images, images, 0.5).under(shifted(1, (0.0, 9.0)))
    assert residual.cost.tolist() == [1.0]
    assert residual.overlap.tolist() == [0.0]


def test_an_image_without_detail_is_not_blown_up() -> None:
    flat = 3 + 1e-4 * pictures(1, 1, 6, 9)
    residual = Paired(flat, pictures(1, 1, 6, 9, seed=1), 0.5).under(shifted(1, (0.0, 0.0)))
    assert residual.seen.abs().max() < 0.01
