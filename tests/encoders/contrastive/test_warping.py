"""Do images move where the maps say, in 2D and 3D, square or not?"""

from __future__ import annotations

import math

import pytest
import torch

from doppelscan.encoders.contrastive.warping import affine, places, sampled, smooth_field

SPACES = [(6, 6), (5, 9), (4, 6, 8), (3, 3, 3)]


def images_of(space: tuple[int, ...]) -> torch.Tensor:
    return torch.rand(2, 3, *space, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_the_identity_leaves_images_as_they_are(space: tuple[int, ...], padding: str) -> None:
    d, images = len(space), images_of(space)
    where = affine(places(space, images.device), torch.eye(d).expand(2, d, d), torch.zeros(2, d))
    assert torch.allclose(sampled(images, where, padding), images, atol=1e-5)


@pytest.mark.parametrize("space", SPACES)
def test_places_are_as_far_apart_on_every_axis(space: tuple[int, ...]) -> None:
    found = places(space, torch.device("cpu"))
    for index in torch.cartesian_prod(*(torch.arange(length) for length in space)).tolist():
        for axis, position in enumerate(index):
            expected = (position - (space[axis] - 1) / 2) * 2 / max(space)
            assert float(found[(axis, *index)]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("space", SPACES)
def test_a_shift_by_whole_pixels_along_each_axis_shifts(space: tuple[int, ...]) -> None:
    images, d = images_of(space), len(space)
    for axis in range(d):
        offset = torch.zeros(2, d)
        offset[:, axis] = 2 / max(space)
        where = affine(places(space, images.device), torch.eye(d).expand(2, d, d), offset)
        expected = images.narrow(axis + 2, 1, space[axis] - 1)
        found = sampled(images, where, "border").narrow(axis + 2, 0, space[axis] - 1)
        assert torch.allclose(found, expected, atol=1e-5)


def test_a_quarter_turn_is_one_and_each_image_has_its_own_map() -> None:
    images = images_of((7, 7))
    angle = torch.tensor([0.0, math.pi / 2])
    cos, sin = angle.cos(), angle.sin()
    matrix = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    found = sampled(images, affine(places((7, 7), images.device), matrix, torch.zeros(2, 2)), "zeros")
    assert torch.allclose(found[0], images[0], atol=1e-5)
    assert torch.allclose(found[1], torch.rot90(images[1], 1, (1, 2)), atol=1e-5) or torch.allclose(
        found[1], torch.rot90(images[1], -1, (1, 2)), atol=1e-5
    )


@pytest.mark.parametrize("space", SPACES)
def test_a_smooth_field_meets_its_corner_nodes_and_stays_between_them(space: tuple[int, ...]) -> None:
    nodes = torch.randn(2, 1, *(3,) * len(space), generator=torch.Generator().manual_seed(1))
    found = smooth_field(nodes, space)
    assert found.shape == (2, 1, *space)
    corner = (slice(None), slice(None), *(0,) * len(space))
    assert torch.allclose(found[corner], nodes[corner])
    assert nodes.min() <= found.min() <= found.max() <= nodes.max()
