"""Does every image pass once, in batches of one size, whatever their number?"""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.encoders.passing import in_equal_batches


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 9])
def test_all_batches_are_of_one_size_and_results_come_in_order(n: int) -> None:
    pixels, sizes = np.arange(n * 6).reshape(n, 1, 2, 3), []

    def encode(batch: np.ndarray) -> np.ndarray:
        sizes.append(len(batch))
        return batch.reshape(len(batch), -1).astype(np.float32)

    found = in_equal_batches(pixels, 4, encode)
    assert np.array_equal(found, pixels.reshape(n, 6).astype(np.float32))
    assert set(sizes) == {4}
    assert len(sizes) == max(-(-n // 4), 1)
