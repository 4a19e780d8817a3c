"""Positions, warps and gradients, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doppelscan.registration.canvas import Canvas, Warp
from doppelscan.registration.separable import splines
from registration.pictures import turn

CPU = torch.device("cpu")


def warp_of(matrix: np.ndarray, offset: list[float], n: int = 4) -> Warp:
    return Warp.affine(torch.tensor(matrix, dtype=torch.float32)[None], torch.tensor([offset]), n)


def test_positions_run_from_border_to_border_of_the_longest_side() -> None:
    positions = Canvas((2, 4), CPU).positions
    torch.testing.assert_close(positions[1, 0], torch.tensor([-0.75, -0.25, 0.25, 0.75]))
    torch.testing.assert_close(positions[0, :, 0], torch.tensor([-0.25, 0.25]))


@pytest.mark.parametrize("space", [(6, 9), (4, 5, 6)])
def test_nothing_moves_under_the_identity(space: tuple[int, ...]) -> None:
    canvas, images = Canvas(space, CPU), torch.randn(1, 2, *space)
    sources = canvas.sources(warp_of(np.eye(len(space)), [0.0] * len(space)))
    torch.testing.assert_close(canvas.seen(images, sources), images)
    assert (canvas.inside(sources) == 1).all()


def test_a_quarter_turn_of_a_wide_image_shows_its_middle() -> None:
    canvas, images = Canvas((3, 5), CPU), torch.arange(15.0).view(1, 1, 3, 5)
    sources = canvas.sources(warp_of(np.round(turn(90)), [0.0, 0.0]))
    seen, inside = canvas.seen(images, sources), canvas.inside(sources)
    expected = torch.rot90(images[0, 0, :, 1:4], k=-1)
    torch.testing.assert_close(seen[0, 0, :, 1:4], expected)
    assert inside[0, 0].sum(dim=0).tolist() == [0, 3, 3, 3, 0]


def test_a_bend_comes_before_the_affine_map() -> None:
    canvas = Canvas((5, 7), CPU)
    controls = torch.randn(1, 2, 4, 4, generator=torch.Generator().manual_seed(1)) * 0.1
    affine = warp_of(turn(30) * 1.1, [0.2, -0.1])
    sources = canvas.sources(Warp(affine.matrix, affine.offset, controls))
    down, across = splines(5, 4), splines(7, 4)
    for y in range(5):
        for x in range(7):
            bend = sum(down[y, i] * across[x, j] * controls[0, :, i, j] for i in range(4) for j in range(4))
            position = torch.tensor([(2 * y + 1 - 5) / 7, (2 * x + 1 - 7) / 7]) + bend
            torch.testing.assert_close(sources[0, :, y, x], affine.matrix[0] @ position + affine.offset[0])


def test_a_small_map_before_a_warp_is_the_composition() -> None:
    warp, step, move = warp_of(turn(20), [0.1, 0.0]), torch.randn(1, 2, 2) * 0.1, torch.randn(1, 2) * 0.1
    position = torch.tensor([0.3, -0.4])
    both = warp.after(step, move)
    before = position + step[0] @ position + move[0]
    torch.testing.assert_close(
        both.matrix[0] @ position + both.offset[0], warp.matrix[0] @ before + warp.offset[0]
    )


@pytest.mark.parametrize("space", [(8, 12), (4, 6, 5), (1, 9)])
def test_the_gradient_of_a_slope_is_the_slope(space: tuple[int, ...]) -> None:
    canvas = Canvas(space, CPU)
    slope = torch.tensor([0.5, -2.0, 1.5])[: len(space)]
    image = torch.einsum("d,d...->...", slope, canvas.positions)[None, None]
    gradient = canvas.gradient(image)[0, :, 0].flatten(1)
    expected = torch.where(torch.tensor(space) > 1, slope, 0.0)
    torch.testing.assert_close(gradient, expected[:, None].expand_as(gradient), atol=1e-4, rtol=0)
