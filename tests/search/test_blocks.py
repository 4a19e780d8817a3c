"""Is an array searched like anything else that gives its images a few at a time?"""

from __future__ import annotations

import numpy as np

from doppelscan.search import ArrayBlocks, Blocks
from doppelscan.search.blocks import as_blocks

from .sets import Watched


def test_an_array_becomes_blocks_of_its_own_pixels_and_type() -> None:
    pixels = np.arange(5 * 6, dtype=np.uint16).reshape(5, 1, 2, 3)
    blocks = as_blocks(pixels)
    assert isinstance(blocks, ArrayBlocks)
    assert len(blocks) == 5
    assert blocks.read(1, 3).dtype == np.uint16
    assert np.array_equal(blocks.read(1, 3), pixels[1:3])


def test_what_has_a_length_and_reads_is_blocks_and_stays_itself() -> None:
    blocks = Watched(np.zeros((2, 1, 3, 3)))
    assert isinstance(blocks, Blocks)
    assert as_blocks(blocks) is blocks
    assert not isinstance([1, 2], Blocks)
