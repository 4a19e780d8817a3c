"""Are exact correlations exact, and the same whatever surrounds them?"""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.search.exact import exact_correlations

AMPLE = 2**28


def rational_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r in rational numbers, rounded once at the end."""
    x, y = ([Fraction(v) for v in image.ravel().tolist()] for image in (a, b))
    x, y = [v - sum(x) / len(x) for v in x], [v - sum(y) / len(y) for v in y]
    xy, xx, yy = (sum(p * q for p, q in zip(*of, strict=True)) for of in ((x, y), (x, x), (y, y)))
    square = xy * xy / (xx * yy)
    root = Fraction(isqrt(square.numerator * 10**60 // square.denominator), 10**30)
    return float(root) * (1 if xy >= 0 else -1)


def score(a: np.ndarray, b: np.ndarray) -> float:
    first = np.zeros(1, dtype=np.int64)
    return float(exact_correlations(a[None], b[None], (first, first), memory=AMPLE)[0])


@settings(deadline=None)
@given(data=st.data(), dtype=st.sampled_from([np.uint8, np.uint16, np.int16, np.float32, np.float64]))
def test_scores_are_those_of_rational_arithmetic(data: st.DataObject, dtype: type) -> None:
    wide = {"min_value": -(2**20), "max_value": 2**20, "allow_subnormal": False}
    elements = wide if np.issubdtype(dtype, np.floating) else {}
    images = hnp.arrays(dtype, (1, 2, 3), elements=elements)
    a, b = (data.draw(images.filter(lambda x: np.ptp(x.astype(float)) > 1e-3)) for _ in range(2))
    assert score(a, b) == pytest.approx(rational_correlation(a, b), abs=1e-12)


@pytest.mark.parametrize("offset", [1e6, 1e9, 1e15])
def test_a_large_offset_costs_no_accuracy(offset: float) -> None:
    a, b = np.random.default_rng(0).integers(0, 99, (2, 1, 7, 9)).astype(np.float64)
    assert score(a + offset, b + offset) == pytest.approx(score(a, b), abs=1e-14)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e170, 1e299])
def test_extreme_scales_neither_overflow_nor_vanish(scale: float) -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 1, 8, 8))
    assert score(a * scale, b / scale) == pytest.approx(score(a, b), abs=1e-14)


@pytest.mark.parametrize("d", [2, 3, 1000, 50_001, 300_000])
def test_a_score_depends_on_the_two_images_alone(d: int) -> None:
    """So that equal references tie to the last bit, in whichever block and row they lie."""
    rng = np.random.default_rng(d)
    a, b = rng.normal(size=(2, 1, 1, d))
    crowd = rng.normal(size=(5, 1, 1, d))
    crowd[1], crowd[4] = b, b
    pairs = np.zeros(5, dtype=np.int64), np.arange(5)
    among = exact_correlations(a[None], crowd, pairs, memory=AMPLE)
    assert among[1] == among[4] == score(a, b) == score(b, a)
    assert score(b, b) == 1
    assert score(b, -b) == -1


def test_no_score_of_a_linear_copy_is_above_one() -> None:
    rng = np.random.default_rng(0)
    images, each = rng.normal(size=(300, 1, 5, 5)), np.arange(300)
    copies = images * rng.uniform(0.1, 9, (300, 1, 1, 1)) + 3
    scores = exact_correlations(images, copies, (each, each), memory=AMPLE)
    assert scores.max() <= 1 <= scores.min() + 1e-14


def test_many_pairs_stay_within_the_memory_allowed() -> None:
    images = np.random.default_rng(0).integers(0, 255, (60, 1, 100, 100)).astype(np.uint8)
    rows, columns = (where.ravel() for where in np.mgrid[:60, :60])
    whole = exact_correlations(images, images, (rows, columns), memory=AMPLE)
    memory = 4 * 2**20
    tracemalloc.start()
    parts = exact_correlations(images, images, (rows, columns), memory=memory)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < memory + parts.nbytes
    np.testing.assert_array_equal(parts, whole)


def test_no_pairs_give_no_scores() -> None:
    none = np.empty(0, dtype=np.int64)
    assert exact_correlations(np.ones((1, 2)), np.ones((1, 2)), (none, none), memory=AMPLE).shape == (0,)
