"""Are views changed as promised, image by image, from one seed, whatever the images are?"""

from __future__ import annotations

import ast
import inspect

import numpy as np
import pytest
import torch
from scipy import ndimage

from doppelscan.encoders.contrastive import augmentation
from doppelscan.encoders.contrastive.augmentation import paper_view, strong_view
from doppelscan.encoders.contrastive.dice import Dice

SHAPES = [(1, 32, 32), (3, 20, 33), (1, 12, 16, 9), (2, 8, 8, 8)]


def images_of(n: int, shape: tuple[int, ...]) -> torch.Tensor:
    """Smooth random images between 0 and 1."""
    noise = np.random.default_rng(0).random((n, *shape))
    smooth = ndimage.gaussian_filter(noise, 2, axes=tuple(range(2, noise.ndim)))
    low, high = smooth.min(), smooth.max()
    return torch.from_numpy((smooth - low) / (high - low)).float()


@pytest.mark.parametrize("view", [strong_view, paper_view])
@pytest.mark.parametrize("shape", SHAPES)
def test_one_seed_and_step_give_one_view_and_others_another(view, shape: tuple[int, ...]) -> None:
    images = images_of(16, shape)
    first = view(images, Dice.of(0, 3, images))
    assert first.shape == images.shape
    assert torch.isfinite(first).all()
    assert torch.equal(first, view(images, Dice.of(0, 3, images)))
    assert not torch.equal(first, view(images, Dice.of(0, 4, images)))
    assert not torch.equal(first, view(images, Dice.of(1, 3, images)))


@pytest.mark.parametrize("view", [strong_view, paper_view])
def test_views_leave_the_images_and_torchs_own_generator_alone(view) -> None:
    images = images_of(8, (1, 16, 16))
    before, state = images.clone(), torch.get_rng_state()
    view(images, Dice.of(0, 0, images))
    assert torch.equal(images, before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_images_stay_finite(shape: tuple[int, ...], value: float) -> None:
    images = torch.full((12, *shape), value)
    assert torch.isfinite(strong_view(images, Dice.of(0, 0, images))).all()


def test_strong_views_differ_from_image_to_image() -> None:
    images = images_of(1, (1, 32, 32)).expand(10, -1, -1, -1)
    views = strong_view(images, Dice.of(0, 0, images))
    assert len({tuple(view.flatten().tolist()) for view in views}) == 10


def test_paper_views_are_mirrored_for_half_and_turned_by_at_most_5_degrees_for_half() -> None:
    picture = images_of(1, (1, 24, 24))
    images = picture.expand(400, -1, -1, -1)
    views = paper_view(images, Dice.of(0, 0, images))[:, :, 6:-6, 6:-6]
    plain, mirrored = picture[:, :, 6:-6, 6:-6], picture.flip(-1)[:, :, 6:-6, 6:-6]
    is_plain = ((views - plain).abs().amax((1, 2, 3)) < 1e-5).float().mean()
    is_mirrored = ((views - mirrored).abs().amax((1, 2, 3)) < 1e-5).float().mean()
    assert float(is_plain) == pytest.approx(0.25, abs=0.08)
    assert float(is_mirrored) == pytest.approx(0.25, abs=0.08)
    nearest = torch.minimum((views - plain).abs().mean((1, 2, 3)), (views - mirrored).abs().mean((1, 2, 3)))
    turned = torch.from_numpy(ndimage.rotate(picture[0, 0].numpy(), 5, reshape=False, order=1))[6:-6, 6:-6]
    assert float(nearest.max()) <= float((turned - plain[0, 0]).abs().mean()) * 1.15


def test_blurred_images_are_those_of_scipy() -> None:
    images = images_of(40, (1, 20, 14))
    found = augmentation._blurred(images, Dice.of(0, 0, images))
    dice = Dice.of(0, 0, images)
    sigma, happens = dice.uniform(0.2, 1.6).flatten(), dice.happens(0.5).flatten()
    for image, blurred, s, yes in zip(images, found, sigma.tolist(), happens.tolist(), strict=True):
        expected = ndimage.gaussian_filter(image[0].numpy(), s, mode="nearest", radius=4) if yes else image[0]
        assert blurred[0].numpy() == pytest.approx(np.asarray(expected), abs=1e-5)


def test_dice_fall_as_often_as_asked_and_stay_between_their_ends() -> None:
    images = torch.zeros(5000, 1, 1, 1)
    dice = Dice.of(0, 0, images)
    assert float(dice.happens(0.3).float().mean()) == pytest.approx(0.3, abs=0.03)
    drawn = dice.uniform(-2, 3)
    assert drawn.shape == (5000, 1, 1, 1)
    assert -2 <= float(drawn.min()) < -1.9 < 2.9 < float(drawn.max()) <= 3
    assert {dice.one_of(3) for _ in range(50)} == {0, 1, 2}


def test_the_planting_code_is_not_used() -> None:
    from doppelscan.encoders import contrastive

    for module in (contrastive, *vars(contrastive).values()):
        if inspect.ismodule(module) and module.__name__.startswith("doppelscan.encoders"):
            tree = ast.parse(inspect.getsource(module))
            named = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            assert not {"doppelscan.images.transforms", "doppelscan.images.warps"} & named
