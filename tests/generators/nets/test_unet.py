"""A U-Net for images of any shape."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from doppelscan.errors import InputError
from doppelscan.generators.nets.unet import Plan, UNet, frequencies

SMALL = Plan((8, 8, 16), (False, True, True), blocks=1, head_channels=8)


def unet(n_axes: int, n_in: int, n_out: int, plan: Plan = SMALL, **told: int) -> UNet:
    """A network whose layers of zeros are not, so that all of it counts."""
    torch.manual_seed(0)
    network = UNet(n_axes, n_in, n_out, plan, **told)
    for weight in network.parameters():
        if not weight.any():
            torch.nn.init.normal_(weight, std=0.1)
    return network.eval()


@pytest.mark.parametrize("patch", [1, 2])
@pytest.mark.parametrize(
    "shape", [(3, 1, 8, 12), (2, 5, 7, 9), (1, 3, 1, 1), (2, 1, 5, 6, 7), (1, 2, 8, 8, 4)]
)
def test_any_shape_comes_out_as_it_went_in(shape: tuple[int, ...], patch: int) -> None:
    n_axes = len(shape) - 2
    out = unet(n_axes, shape[1], 4, replace(SMALL, patch=patch))(
        torch.randn(shape), torch.arange(shape[0]), -torch.ones(shape[0], dtype=int)
    )
    assert out.shape == (shape[0], 4, *shape[2:])
    assert torch.isfinite(out).all()


def test_a_new_network_says_nothing() -> None:
    out = UNet(2, 1, 1, SMALL)(torch.randn(2, 1, 8, 8), torch.arange(2), -torch.ones(2, dtype=int))
    assert not out.any()


def test_time_label_and_conditions_count_and_an_unknown_label_is_none() -> None:
    network, x = unet(2, 1, 1, n_labels=2, n_conditions=3), torch.randn(1, 1, 8, 8)

    def said(t: int = 5, label: int = -1, condition: float = 0.0) -> torch.Tensor:
        return network(x, torch.tensor([t]), torch.tensor([label]), torch.full((1, 3), condition))

    plain = said()
    for other in (said(t=6), said(label=0), said(label=1), said(condition=0.5)):
        assert not torch.allclose(other, plain, atol=1e-5)
    without = network(x, torch.tensor([5]), torch.tensor([-1]))
    assert torch.equal(without, plain)


def test_images_do_not_see_each_other() -> None:
    network, x, t = unet(3, 1, 1), torch.randn(4, 1, 6, 8, 5), torch.arange(4)
    together, alone = (
        network(x, t, -torch.ones(4, dtype=int)),
        network(x[2:3], t[2:3], -torch.ones(1, dtype=int)),
    )
    torch.testing.assert_close(together[2:3], alone, rtol=1e-4, atol=1e-5)


def test_every_pixel_can_count_for_every_other() -> None:
    network, x = unet(2, 1, 1), torch.randn(1, 1, 16, 16, requires_grad=True)
    network(x, torch.tensor([3]), torch.tensor([-1]))[0, 0, 0, 0].backward()
    assert x.grad is not None
    assert (x.grad != 0).all()


def test_steps_are_told_apart() -> None:
    codes = frequencies(torch.arange(4000), 8)
    assert codes.shape == (4000, 8)
    assert torch.unique((codes * 1e4).round(), dim=0).shape[0] == 4000
    assert frequencies(torch.arange(3), 9).shape == (3, 9)


def test_a_plan_that_cannot_be_is_refused_with_all_its_problems() -> None:
    with pytest.raises(InputError) as refused:
        Plan((8, 12), (True,), 1, 8)
    assert str(refused.value).count("\n") == 1
    assert "attention: has 1 values (as many as channels: 2)" in str(refused.value)
    assert "head_channels: is 8 (a divisor of 12)" in str(refused.value)


def test_patches_are_the_places_of_the_finest_level() -> None:
    seen: list[tuple[int, ...]] = []
    network = unet(2, 3, 2, replace(SMALL, patch=2))
    network.first.register_forward_hook(lambda _layer, given, out: seen.append((given[0].shape, out.shape)))
    network(torch.randn(1, 3, 16, 8), torch.arange(1), -torch.ones(1, dtype=int))
    assert seen == [((1, 12, 8, 4), (1, 8, 8, 4))]


def test_a_pixel_in_its_patch_counts() -> None:
    network, x = unet(2, 1, 1, replace(SMALL, patch=2)), torch.randn(1, 1, 8, 8)
    other = x.clone()
    other[0, 0, 3, 2] += 1

    def said(images: torch.Tensor) -> torch.Tensor:
        return network(images, torch.arange(1), -torch.ones(1, dtype=int))[0, 0]

    changes = (said(other) - said(x)).abs()[2:4, 2:4]
    assert changes.min() > 0
    assert len(changes.unique()) == 4
