"""The layers of networks of images and volumes."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from doppelscan.generators.nets.layers import Doubled


@pytest.mark.parametrize("space", [(1, 1), (4, 7), (3, 2, 5)], ids=str)
def test_doubling_repeats_every_pixel_and_convolves(space: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    doubled = Doubled(len(space), 3).double()
    x = torch.randn(2, 3, *space, dtype=torch.float64, requires_grad=True)
    naive = doubled.convolution(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
    torch.testing.assert_close(doubled(x), naive)
    inputs, into = [x, *doubled.parameters()], torch.randn_like(naive)
    gradients = zip(
        torch.autograd.grad(doubled(x), inputs, into), torch.autograd.grad(naive, inputs, into), strict=True
    )
    for ours, oracle in gradients:
        torch.testing.assert_close(ours, oracle)


def test_doubled_images_keep_their_channels_last() -> None:
    x = torch.randn(2, 8, 6, 6).contiguous(memory_format=torch.channels_last)
    doubled = Doubled(2, 8).to(memory_format=torch.channels_last)
    assert doubled(x).is_contiguous(memory_format=torch.channels_last)
