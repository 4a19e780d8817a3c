"""Layers hide what lies behind them, and all shares make a whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from doppelscan.imagesets.phantoms.tissues import Tissue, shares

coverage = arrays.arrays(np.float32, (4,), elements=st.floats(0, 1, width=32))


@given(st.lists(st.tuples(st.sampled_from(Tissue), coverage), min_size=1, max_size=6))
def test_shares_are_never_negative_and_sum_to_one(layers: list[tuple[Tissue, np.ndarray]]) -> None:
    share = shares(layers)
    assert (share >= -1e-6).all()
    np.testing.assert_allclose(share.sum(axis=0), 1, atol=1e-5)


def test_an_earlier_layer_hides_a_later_one() -> None:
    front, back = np.array([1, 0.25, 0], np.float32), np.array([1, 1, 0.5], np.float32)
    share = shares([(Tissue.GREY, front), (Tissue.WHITE, back)])
    np.testing.assert_allclose(share[Tissue.GREY], [1, 0.25, 0])
    np.testing.assert_allclose(share[Tissue.WHITE], [0, 0.75, 0.5])
    np.testing.assert_allclose(share[Tissue.AIR], [0, 0, 0.5])
