"""Do compiled loops and NumPy give the same to the last bit, and is it what brute force in float64 gives?"""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.search import exact
from doppelscan.search.exact import exact_correlations
from doppelscan.search.lanes import LANES, Centres, centres, products

AMPLE = 2**28


def images(n: int, d: int, dtype: type = np.float64) -> np.ndarray:
    return (np.random.default_rng(d).normal(size=(n, d)) * 7 + 100).astype(dtype)


def both_ways(first: np.ndarray, second: np.ndarray) -> list[tuple[Centres, Centres, np.ndarray]]:
    """Every pair, by NumPy and by compiled loops."""
    x, y = np.arange(len(first)), np.arange(len(second))
    pairs = np.repeat(x, len(y)), np.tile(y, len(x))
    found = []
    for compiled in (False, True):
        about = centres(first, x, compiled=compiled), centres(second, y, compiled=compiled)
        found.append((*about, products(first, second, pairs, about, pairs, compiled=compiled)))
    return found


def same(
    of_numpy: tuple[Centres, Centres, np.ndarray], of_loops: tuple[Centres, Centres, np.ndarray]
) -> None:
    for centre, other in zip(of_numpy[:2], of_loops[:2], strict=True):
        for name in ("mean", "scale", "off", "squares"):
            np.testing.assert_array_equal(getattr(centre, name), getattr(other, name))
    np.testing.assert_array_equal(of_numpy[2], of_loops[2])


@pytest.mark.parametrize("d", [1, 2, LANES - 1, LANES, LANES + 1, 3 * LANES + 7, 50_177])
@pytest.mark.parametrize("dtypes", [(np.float32, np.float32), (np.float64, np.float32)])
def test_numpy_and_compiled_loops_give_the_same_bits(d: int, dtypes: tuple[type, type]) -> None:
    same(*both_ways(images(3, d, dtypes[0]), images(4, d, dtypes[1])))


@settings(deadline=None)
@given(hnp.arrays(np.float64, (3, 5), elements=st.floats(-1e300, 1e300)))
def test_the_same_bits_of_whatever_numbers(values: np.ndarray) -> None:
    same(*both_ways(values, values))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int32, np.uint32, ">f4"])
@pytest.mark.parametrize("other", [np.float32, np.uint8])
def test_scores_of_any_type_are_those_of_brute_force(dtype: str | type, other: type) -> None:
    first, second = images(6, 999).astype(dtype), images(5, 999).clip(0, 255).astype(other)
    pairs = np.repeat(np.arange(6), 5), np.tile(np.arange(5), 6)
    truth = np.corrcoef(first.astype(float), second.astype(float))[:6, 6:]
    scores = exact_correlations(first, second, pairs, memory=AMPLE)
    np.testing.assert_allclose(scores.reshape(6, 5), truth, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_scores_are_the_same_bits_whichever_loops_are_worth_it(
    dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, pairs = images(6, 999).astype(dtype), tuple(where.ravel() for where in np.mgrid[:6, :6])
    scores = []
    for compiled in (False, True):
        monkeypatch.setattr(exact, "worth_compiled", lambda _, compiled=compiled: compiled)
        scores.append(exact_correlations(first, first, pairs, memory=AMPLE))
    np.testing.assert_array_equal(*scores)
    assert "doppelscan.search.kernels" in sys.modules
