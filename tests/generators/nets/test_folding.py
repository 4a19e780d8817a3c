"""Blocks of pixels as channels, and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doppelscan.generators.nets.folding import folded, unfolded

SHAPES = [(2, 3, 4, 6), (1, 2, 6, 2), (2, 2, 4, 2, 6), (1, 1, 2, 2, 2)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("side", [1, 2])
def test_what_was_folded_is_unfolded_to_the_same(shape: tuple[int, ...], side: int) -> None:
    x = torch.randn(shape)
    small = folded(x, side)
    n, c, *space = shape
    assert small.shape == (n, c * side ** len(space), *(length // side for length in space))
    assert torch.equal(unfolded(small, side), x)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_place_holds_its_block_row_by_row_channel_after_channel(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    small = folded(x, 2)
    for place in np.ndindex(*small.shape[2:]):
        block = x[:, :, *(slice(2 * at, 2 * at + 2) for at in place)]
        assert torch.equal(small[:, :, *place], block.flatten(1))


def test_in_two_dimensions_it_is_torchs_own() -> None:
    x = torch.randn(2, 3, 9, 6)
    assert torch.equal(folded(x, 3), torch.nn.functional.pixel_unshuffle(x, 3))
    assert torch.equal(unfolded(folded(x, 3), 3), x)
