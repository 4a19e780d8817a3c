"""Does what is held at once fit in the memory allowed?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.encoders import unit_vectors
from doppelscan.search.blocks import ArrayBlocks
from doppelscan.search.plan import Plan
from doppelscan.settings import Resources

from .sets import Watched

CPU = torch.device("cpu")
sides = st.integers(1, 300)


@given(
    memory=st.integers(2**20, 2**36),
    side=sides,
    channels=st.integers(1, 5),
    itemsize=st.sampled_from([1, 2, 4, 8]),
)
def test_four_blocks_and_a_tile_fit_in_the_memory(
    memory: int, side: int, channels: int, itemsize: int
) -> None:
    plan = Plan(memory, CPU, (channels, side, side), itemsize)
    image = plan.d * (itemsize + 4)
    assert plan.size >= 1
    assert plan.size == 1 or 4 * plan.size * image + 64 * plan.size**2 <= 5 * memory // 8
    assert plan.scratch <= memory // 16


def test_a_block_knows_its_place_pixels_vectors_and_constants() -> None:
    images = np.random.default_rng(0).integers(0, 255, (7, 1, 5, 5)).astype(np.uint8)
    images[4] = 3
    plan = Plan(8 * 3 * 25 * 5, CPU, (1, 5, 5), 1)
    blocks = list(plan.held(ArrayBlocks(images), start=1))
    assert [block.span for block in blocks] == [slice(i, i + 1) for i in range(1, 7)] or plan.size > 1
    assert np.array_equal(np.concatenate([block.pixels for block in blocks]), images[1:])
    assert torch.cat([block.constant for block in blocks]).tolist() == [False] * 3 + [True] + [False] * 2
    norms = torch.cat([block.vectors for block in blocks]).norm(dim=1)
    assert norms.tolist() == pytest.approx([1, 1, 1, 0, 1, 1])


@pytest.mark.parametrize(("memory", "n_reads"), [(2**24, 1), (2**15, 6)])
def test_a_set_is_kept_where_it_fits_and_read_anew_where_it_does_not(memory: int, n_reads: int) -> None:
    images = Watched(np.random.default_rng(0).normal(size=(24, 1, 8, 8)))
    plan = Plan(memory, CPU, (1, 8, 8), 8)
    passes = plan.again(images)
    for _ in range(2):
        assert sum(len(block) for block in passes(0)) == 24
    assert all(block.start >= 8 for block in passes(8))
    n_blocks = -(-24 // plan.size)
    assert len(images.reads) == (n_blocks if n_reads == 1 else 2 * n_blocks + -(-16 // plan.size))


def test_the_plan_takes_the_larger_of_two_types_and_the_memory_given() -> None:
    a, b = np.zeros((1, 2, 3, 4), dtype=np.uint8), np.zeros((1, 2, 3, 4), dtype=np.float64)
    plan = Plan.of(Resources(memory=12345, workers=1, device="cpu"), ArrayBlocks(a), ArrayBlocks(b))
    assert (plan.itemsize, plan.shape, plan.d, plan.memory) == (8, (2, 3, 4), 24, 12345)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_compiled_vectors_are_those_of_the_encoder(dtype: type) -> None:
    images = np.random.default_rng(0).integers(0, 100, (300, 1, 250, 251)).astype(dtype)
    images[7] = 3
    block = next(iter(Plan(2**32, CPU, (1, 250, 251), images.itemsize).held(ArrayBlocks(images))))
    unit = unit_vectors(images)
    assert images.size > 2**24
    assert torch.equal(block.constant, unit.constant)
    torch.testing.assert_close(block.vectors, unit.vectors, rtol=2**-23, atol=1e-12)
