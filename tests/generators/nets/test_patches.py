"""A discriminator that answers for each patch."""

from __future__ import annotations

import pytest
import torch

from doppelscan.generators.nets.patches import PatchDiscriminator


@pytest.mark.parametrize(
    ("shape", "patches"),
    [((2, 1, 16, 12), (4, 3)), ((1, 5, 7, 9), (2, 3)), ((2, 3, 1, 1), (1, 1)), ((2, 1, 5, 6, 9), (2, 2, 3))],
)
def test_every_patch_of_any_image_is_judged(shape: tuple[int, ...], patches: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    verdict, features = PatchDiscriminator(len(shape) - 2, shape[1], (8, 16))(torch.randn(shape))
    assert verdict.shape == (shape[0], 1, *patches)
    assert [level.shape[1] for level in features] == [8, 16]


def test_an_image_is_judged_alike_in_any_company() -> None:
    torch.manual_seed(0)
    network, images = PatchDiscriminator(2, 1, (8, 8)), torch.randn(4, 1, 12, 12)
    together, alone = network(images)[0][2:3], network(images[2:3])[0]
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_a_patch_is_judged_by_what_is_near() -> None:
    torch.manual_seed(0)
    network, image = PatchDiscriminator(2, 1, (8,)), torch.randn(1, 1, 32, 32)
    other = image.clone()
    other[..., :4, :4] += 1
    apart = (network(image)[0] - network(other)[0]).abs()
    assert float(apart[..., 0, 0].detach()) > 1e-4
    assert not apart[..., 8:, 8:].any()
