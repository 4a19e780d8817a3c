"""Are images moved to where the matrices say, and can a gradient be differentiated again?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from doppelscan.generators.ada_warping import moved, sampled


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("shape", [(2, 1, 9, 14), (1, 5, 1, 4), (3, 3, 1, 1)])
def test_the_identity_leaves_images_as_they_are(shape: tuple[int, ...]) -> None:
    images = torch.randn(shape)
    assert moved(images, torch.eye(3).expand(shape[0], 3, 3)) == pytest.approx(images, abs=1e-5)


def test_places_are_those_of_scipy() -> None:
    image = torch.randn(1, 1, 12, 20)
    matrix = torch.tensor([[0.9, 0.3, 1.2], [-0.2, 1.1, -0.7], [0.0, 0.0, 1.0]])
    found = moved(image, matrix[None])[0, 0].numpy()
    rows, columns = np.indices((12, 20))
    x, y = columns + 0.5 - 10, rows + 0.5 - 6
    from_x, from_y, _ = np.einsum("ij,jhw->ihw", matrix.numpy(), np.stack([x, y, np.ones_like(x)]))
    expected = ndimage.map_coordinates(
        image[0, 0].numpy(), [from_y + 6 - 0.5, from_x + 10 - 0.5], order=1, mode="reflect"
    )
    assert found == pytest.approx(expected, abs=1e-4)


def test_images_move_each_by_its_own_matrix() -> None:
    images = torch.randn(2, 1, 8, 8)
    matrices = torch.eye(3).repeat(2, 1, 1)
    matrices[1, 0, 2] = -1.0
    found = moved(images, matrices)
    assert found[0] == pytest.approx(images[0], abs=1e-5)
    assert found[1, :, :, 1:] == pytest.approx(images[1, :, :, :-1], abs=1e-5)


def test_gradients_of_the_first_and_second_order_are_those_of_differences() -> None:
    images = torch.randn(2, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    grid = 1.5 * torch.rand(2, 3, 6, 2, dtype=torch.float64) - 0.75
    assert torch.autograd.gradcheck(lambda x: sampled(x, grid), (images,))
    assert torch.autograd.gradgradcheck(lambda x: sampled(x, grid).square(), (images,))
