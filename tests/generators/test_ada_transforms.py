"""Is each augmentation the change of the image that it is named for, as often as p says?"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from doppelscan.generators import ada_transforms
from doppelscan.generators.ada_transforms import GROUPS, Coins, augmented, colour, places
from doppelscan.generators.ada_warping import moved

NEVER, ALWAYS = torch.tensor(0.0), torch.tensor(1.0)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def numbers(*values: float) -> torch.Tensor:
    return torch.tensor(values)


@pytest.mark.parametrize("shape", [(6, 1, 16, 16), (4, 5, 12, 20), (3, 3, 9, 7), (1, 2, 1, 1)])
def test_with_p_0_images_stay_as_they_are_and_with_p_1_they_do_not(shape: tuple[int, ...]) -> None:
    images = torch.randn(shape)
    assert augmented(images, NEVER) == pytest.approx(images, abs=1e-4)
    changed = augmented(images, ALWAYS)
    assert changed.shape == shape
    assert torch.isfinite(changed).all()
    assert not torch.allclose(changed, images, atol=1e-2)


def test_no_groups_are_no_change_at_all() -> None:
    images = torch.randn(2, 1, 8, 8)
    assert torch.equal(augmented(images, ALWAYS, ()), images)


def test_moves_are_the_exact_moves_of_numpy() -> None:
    image = torch.randn(1, 2, 8, 8)
    one = numbers(1.0)
    mirror = ada_transforms._scale(-one, one)
    down = ada_transforms._shift(numbers(0.0), numbers(2.0))
    array = image.numpy()
    assert moved(image, mirror).numpy() == pytest.approx(array[..., ::-1], abs=1e-5)
    assert moved(image, down).numpy()[:, :, 2:] == pytest.approx(array[:, :, :-2], abs=1e-5)
    assert moved(image, down).numpy()[:, :, :2] == pytest.approx(array[:, :, 1::-1], abs=1e-5)  # reflected
    for quarter in range(4):
        cosine, sine = numbers([1.0, 0.0, -1.0, 0.0][quarter]), numbers([0.0, 1.0, 0.0, -1.0][quarter])
        turned = moved(image, ada_transforms._turn(cosine, sine)).numpy()
        assert turned == pytest.approx(np.rot90(array, quarter, axes=(2, 3)), abs=1e-5)


def test_scales_are_about_the_centre() -> None:
    bump = torch.zeros(1, 1, 32, 32)
    bump[:, :, 12:20, 14:18] = 1
    larger = moved(bump, ada_transforms._scale(numbers(2.0), numbers(1.5)))[0, 0] > 0.5
    rows, columns = torch.nonzero(larger, as_tuple=True)
    assert (int(rows.min()), int(rows.max())) == (10, 21)
    assert (int(columns.min()), int(columns.max())) == (12, 19)


def test_blits_lose_no_pixel_value() -> None:
    image = torch.randn(1, 1, 8, 8)
    coins = Coins(50, ALWAYS)
    changed = moved(image.expand(50, -1, -1, -1), places(coins, (8, 8), ("blit",)))
    nearest = (changed[:, :, :, :, None] - image.flatten()).abs().amin(-1)
    assert float(nearest.max()) < 1e-4
    assert len({tuple(one.flatten().round(decimals=3).tolist()) for one in changed}) > 20


@pytest.mark.parametrize("p", [0.2, 0.7])
def test_each_mirror_quarter_and_shift_happens_to_p_of_the_images(p: float) -> None:
    matrices = places(Coins(4000, torch.tensor(p)), (64, 64), ("blit",))
    still = (matrices == torch.eye(3)).all(2).all(1).float().mean()
    shifts = (matrices[:, :2, 2].abs().amax(1) > 0).float().mean()
    unmirrored = (torch.linalg.det(matrices) > 0).float().mean()
    none_shifted = (1 / 17) ** 2 + 2 * (1 / 32 - 1 / 17) * (1 / 17)  # about; both coordinates round to zero
    assert float(unmirrored) == pytest.approx(1 - p / 2, abs=0.03)
    assert float(shifts) == pytest.approx(p, abs=0.03)
    assert float(still) == pytest.approx((1 - p / 2) * (1 - 3 * p / 4) * (1 - p), abs=0.03 + none_shifted)


def test_geometry_is_centred_where_the_paper_has_it() -> None:
    matrices = places(Coins(4000, ALWAYS), (100, 50), ("geometry",))
    logarithms = torch.linalg.det(matrices[:, :2, :2]).log() / 2
    assert float(logarithms.mean()) == pytest.approx(0.0, abs=0.02)
    assert float(logarithms.std()) == pytest.approx(0.2 * math.log(2), rel=0.1)
    places_of_centre = torch.linalg.inv(matrices)[:, :2, 2]
    assert places_of_centre.std(0) == pytest.approx(torch.tensor([50 / 8, 100 / 8]), rel=0.1)


@pytest.mark.parametrize("p", [0.3, 0.8])
def test_an_image_is_turned_with_probability_p(p: float) -> None:
    n = 6000
    turned = places(Coins(n, torch.tensor(p)), (8, 8), ("geometry",))[:, 0, 1] != 0
    assert float(turned.float().mean()) == pytest.approx(p, abs=0.03)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_colours_are_affine_and_their_parts_are_known(n_channels: int) -> None:
    matrix, offset = colour(Coins(3000, ALWAYS), n_channels)
    grey = torch.full((n_channels,), n_channels**-0.5)
    shade = matrix @ grey
    along = shade @ grey  # contrast, negative where luma was flipped
    assert (shade - along[:, None] * grey).abs().max() < 1e-4 * along.abs().max()  # grey stays grey
    assert float((along < 0).float().mean()) == pytest.approx(0.5, abs=0.04)
    assert float(along.abs().log().std()) == pytest.approx(0.5 * math.log(2), rel=0.1)
    assert float((offset @ grey / along).std()) == pytest.approx(0.2 * n_channels**0.5, rel=0.1)
    if n_channels != 3:
        expected = along.abs()[:, None, None] * (
            torch.eye(n_channels) - torch.outer(grey, grey) * (1 - along.sign())[:, None, None]
        )
        assert matrix == pytest.approx(expected, abs=1e-4)


def test_hue_turns_about_grey_and_saturation_scales_the_distance_from_it() -> None:
    axis = torch.full((3,), 3**-0.5)
    tint = ada_transforms._tint(Coins(2000, ALWAYS), axis)
    colourful = torch.tensor([1.0, -1.0, 0.0]) / math.sqrt(2)
    after = tint @ colourful
    assert (after @ axis).abs().max() < 1e-4
    assert float(after.norm(dim=1).log().std()) == pytest.approx(math.log(2), rel=0.1)
    cosine = (after @ colourful) / after.norm(dim=1)
    assert float(cosine.clamp(-1, 1).acos().mean()) == pytest.approx(math.pi / 2, abs=0.1)
    assert torch.linalg.det(tint).min() > 0


def test_red_becomes_green_by_a_third_of_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Coins, "uniform", lambda self, low, high: torch.full((self.n,), 2 * math.pi / 3))
    monkeypatch.setattr(Coins, "normal", lambda self, deviation: torch.zeros(self.n))
    tint = ada_transforms._tint(Coins(1, ALWAYS), torch.full((3,), 3**-0.5))[0]
    red, green, blue = torch.eye(3)
    assert tint @ red == pytest.approx(green, abs=1e-6) or tint @ red == pytest.approx(blue, abs=1e-6)
    assert tint @ tint @ tint == pytest.approx(torch.eye(3), abs=1e-5)


def test_gradients_flow_through_everything_twice() -> None:
    images = torch.randn(4, 3, 8, 8, requires_grad=True)
    loss = augmented(images, torch.tensor(0.8)).square().sum()
    (gradient,) = torch.autograd.grad(loss, images, create_graph=True)
    gradient.square().sum().backward()
    assert torch.isfinite(images.grad).all()
    assert (images.grad.flatten(1).abs().sum(1) > 0).all()


def test_half_precision_around_it_moves_nothing() -> None:
    images = torch.randn(2, 1, 64, 64)
    with torch.autocast("cpu", torch.bfloat16):
        assert augmented(images, NEVER) == pytest.approx(images, abs=1e-4)


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_constant_images_are_moved_to_themselves(value: float) -> None:
    images = torch.full((8, 1, 8, 12), value)
    assert augmented(images, ALWAYS, ("blit", "geometry")) == pytest.approx(images, abs=1e-5)


def test_the_groups_are_named() -> None:
    assert GROUPS == ("blit", "geometry", "colour")
