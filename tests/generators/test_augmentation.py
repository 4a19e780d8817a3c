"""Flips and turns, and what the network is told of them."""

from __future__ import annotations

import pytest
import torch

from doppelscan.generators.augmentation import augmented, n_conditions

SHAPES = [(64, 2, 12, 9), (64, 1, 8, 6, 7)]


def images(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["none", "dar", "edm"])
def test_images_keep_their_shape_and_range(kind: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    changed, told = augmented(images(shape), kind)  # type: ignore[arg-type]
    assert changed.shape == shape
    assert changed.abs().max() <= 1 + 1e-5
    assert told.shape == (len(changed), n_conditions(kind, len(shape) - 2))  # type: ignore[arg-type]


def test_without_augmentation_nothing_changes() -> None:
    changed, _ = augmented(images(SHAPES[0]), "none")
    assert torch.equal(changed, images(SHAPES[0]))


@pytest.mark.parametrize("shape", SHAPES)
def test_an_image_is_told_as_changed_if_and_only_if_it_is(shape: tuple[int, ...]) -> None:
    torch.manual_seed(2)
    changed, told = augmented(images(shape), "edm")
    same = (changed == images(shape)).flatten(1).all(1)
    assert torch.equal(same, (told == 0).all(1))
    assert 0.2 < same.float().mean() < 0.8


@pytest.mark.parametrize("shape", SHAPES)
def test_an_image_that_is_told_to_be_flipped_is(shape: tuple[int, ...]) -> None:
    torch.manual_seed(4)
    axes = len(shape) - 2
    many = images(shape).repeat(8, *(1,) * (len(shape) - 1))
    changed, told = augmented(many, "edm")
    flips, others = told[:, :axes].bool(), told[:, axes:]
    only = flips.any(1) & (others == 0).all(1)
    assert only.any()
    for image, flipped, which in zip(many[only], changed[only], flips[only], strict=True):
        expected = image.flip([1 + axis for axis in range(axes) if which[axis]])
        torch.testing.assert_close(flipped, expected, rtol=0, atol=1e-5)


def test_paper_b_flips_half_of_the_images_along_the_last_axis_and_turns_half_by_up_to_five_degrees() -> None:
    torch.manual_seed(3)
    many = images((1, 1, 31, 31)).repeat(400, 1, 1, 1)
    changed, _ = augmented(many, "dar")
    as_it_is = (changed == many).flatten(1).all(1)
    mirrored = (changed == many.flip(-1)).flatten(1).all(1)
    assert 0.18 < as_it_is.float().mean() < 0.32
    assert 0.18 < mirrored.float().mean() < 0.32
    bar = -torch.ones(400, 1, 41, 41)
    bar[:, :, 20] = 1
    turned, _ = augmented(bar, "dar")
    weight = (turned + 1) * (torch.arange(41) - 20.0)[:, None]
    ends = weight[:, 0, :, 38].sum(1) / (turned[:, 0, :, 38] + 1).sum(1)
    assert 18 * 0.07 < ends.abs().max() <= 18 * 0.0875 + 0.05  # the tangent of 5 degrees is 0.0875
