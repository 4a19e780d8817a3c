"""Do loops and torch name the same pairs, and are exactly the pairs left out that do not count?"""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.search import sieve
from doppelscan.search.plan import Held
from doppelscan.search.sieve import largest, leave_out, reached

NUMBERS = st.sampled_from([-np.inf, -1.0, -0.25, 0.0, 0.25, 0.5, 1.0])
PRODUCTS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=NUMBERS)


@pytest.fixture(params=[True, False], ids=["loops", "torch"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve, "_in_loops", lambda products: request.param)


@settings(deadline=None)
@given(products=PRODUCTS, data=st.data())
def test_pairs_that_reach_are_all_named_in_order(products: np.ndarray, data: st.DataObject) -> None:
    least = data.draw(hnp.arrays(np.float32, len(products), elements=st.sampled_from([-2.0, 0.0, 0.25, 2.0])))
    truth = np.nonzero(products >= least[:, None])
    found = reached(torch.from_numpy(products), least)
    assert found is not None
    np.testing.assert_array_equal(found, truth)
    enough, too_few = (reached(torch.from_numpy(products), least, len(truth[0]) + more) for more in (0, -1))
    assert enough is not None
    assert too_few is None


@settings(deadline=None)
@given(products=PRODUCTS, k=st.integers(1, 12))
def test_the_largest_of_each_row_are_named_and_none_that_is_left_out(products: np.ndarray, k: int) -> None:
    rows, columns = largest(torch.from_numpy(products), k)
    for row, values in enumerate(products):
        mine = columns[rows == row]
        finite = np.sort(values[np.isfinite(values)])[::-1][:k]
        assert len(set(mine.tolist())) == len(mine)
        np.testing.assert_array_equal(np.sort(values[mine])[::-1], finite)


@settings(deadline=None)
@given(data=st.data(), m=st.integers(1, 9), n=st.integers(1, 30), few=st.sampled_from([0, 8, 10**6]))
def test_pairs_of_one_group_and_constant_images_are_left_out(
    data: st.DataObject, m: int, n: int, few: int
) -> None:
    block, others = (_held(data, size) for size in (m, n))
    groups = [data.draw(hnp.arrays(np.int64, size + 3, elements=st.integers(0, 3))) for size in (m, n)]
    exclude = data.draw(st.sampled_from([None, (groups[0], groups[1])]))
    products = torch.zeros(m, n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sieve, "_FEW", few)
        leave_out(products, block, others, exclude)
    same = groups[0][block.span, None] == groups[1][others.span]
    truth = block.constant.numpy()[:, None] | others.constant.numpy() | (same & (exclude is not None))
    np.testing.assert_array_equal(torch.isinf(products).numpy(), truth)


def _held(data: st.DataObject, n: int) -> Held:
    """Images 3 and following of a set, some of them constant."""
    constant = torch.from_numpy(cast("np.ndarray", data.draw(hnp.arrays(np.bool_, n))))
    return Held(3, np.zeros((n, 1, 1, 1), dtype=np.uint8), torch.zeros(n, 1), constant)
