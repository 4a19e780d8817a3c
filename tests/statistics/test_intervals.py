from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from doppelscan.estimates import Estimate
from doppelscan.statistics import binomial, clustered, widened

counts = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(0, 368, 0.0, 0.00997), (3, 10, 0.0667, 0.6525), (10, 10, 0.6915, 1.0)]
)
def test_binomial_gives_published_limits(hits: int, n: int, low: float, high: float) -> None:
    found = binomial(hits, n)
    assert (found.value, found.n) == (hits / n, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None)
@given(counts)
def test_binomial_limits_are_those_that_leave_a_fortieth_on_either_side(count: tuple[int, int]) -> None:
    hits, n = count
    found = binomial(hits, n)
    assert 0 <= found.low <= hits / n <= found.high <= 1
    if hits > 0:
        assert stats.binom.sf(hits - 1, n, found.low) == pytest.approx(0.025, abs=1e-6)
    if hits < n:
        assert stats.binom.cdf(hits, n, found.high) == pytest.approx(0.025, abs=1e-6)


def test_a_wider_level_gives_a_wider_interval() -> None:
    assert binomial(3, 10, level=0.99).low < binomial(3, 10).low


def test_nothing_counted_is_unknown() -> None:
    nothing = np.zeros(0)
    for found in (binomial(0, 0), clustered(nothing, nothing.astype(int))):
        assert math.isnan(found.value)
        assert (found.low, found.high, found.n) == (0, 1, 0)


@pytest.mark.parametrize(("hits", "n"), [(3, 2), (-1, 2)])
def test_impossible_counts_are_refused(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="hits among"):
        binomial(hits, n)


def clustered_in_loops(hits: list[float], patients: list[int]) -> tuple[float, float]:
    """Korn and Graubard's interval, one patient after the other."""
    n, rate, squares = len(hits), sum(hits) / len(hits), 0.0
    names = sorted(set(patients))
    for name in names:
        squares += sum(h - rate for h, p in zip(hits, patients, strict=True) if p == name) ** 2
    variance = len(names) / (len(names) - 1) * squares / n**2
    correction = (stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, len(names) - 1)) ** 2
    m = min(n, rate * (1 - rate) / variance * correction)
    return stats.beta.ppf(0.025, rate * m, m - rate * m + 1), stats.beta.ppf(
        0.975, rate * m + 1, m - rate * m
    )


def test_clustered_agrees_with_loops() -> None:
    rng = np.random.default_rng(0)
    patient = rng.integers(0, 20, 150)
    hits = rng.random(150) < rng.random(20)[patient]
    found = clustered(hits, patient)
    assert (found.value, found.n) == (hits.mean(), 150)
    assert (found.low, found.high) == pytest.approx(clustered_in_loops(hits.tolist(), patient.tolist()))


def test_images_of_their_own_patients_give_the_binomial_interval() -> None:
    hits = np.arange(200) < 30
    found, exact = clustered(hits, np.arange(200)), binomial(30, 200)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-3)


def test_patients_whose_images_agree_count_once() -> None:
    hits = np.repeat(np.arange(50) < 10, 20)
    found, by_patient = clustered(hits, np.repeat(np.arange(50), 20)), binomial(10, 50)
    assert found.low == pytest.approx(by_patient.low, abs=0.02)
    assert found.high == pytest.approx(by_patient.high, abs=0.02)


@pytest.mark.parametrize("hit", [False, True])
def test_where_all_images_agree_each_patient_counts_once(hit: bool) -> None:
    found = clustered(np.full(100, hit), np.arange(100) // 10)
    by_patient = binomial(10 * hit, 10)
    assert (found.value, found.low, found.high) == (hit, by_patient.low, by_patient.high)
    assert found.n == 100


def test_shares_of_one_patient_tell_as_much_as_one_image() -> None:
    found = clustered(np.array([0.0, 1.0, 1.0, 0.0]), np.zeros(4, int))
    assert found.low < 0.1
    assert found.high > 0.9


def test_clustered_covers_a_rate_that_differs_between_patients_where_binomial_does_not() -> None:
    rng, covered = np.random.default_rng(1), []
    for _ in range(300):
        patient = np.repeat(np.arange(60), rng.integers(1, 21, 60))
        hits = rng.random(patient.size) < rng.beta(0.4, 1.6, 60)[patient]
        both = clustered(hits, patient), binomial(int(hits.sum()), hits.size)
        covered.append([found.low <= 0.2 <= found.high for found in both])
    right, naive = np.mean(covered, axis=0)
    assert right >= 0.92
    assert naive < 0.8


def test_distances_to_the_limits_add_as_squares() -> None:
    found = widened(Estimate(0.5, 0.47, 0.54, 100), np.linspace(0.46, 0.53, 1001))
    assert found.low == pytest.approx(0.5 - np.hypot(0.03, 0.03825), abs=1e-4)
    assert found.high == pytest.approx(0.5 + np.hypot(0.04, 0.02825), abs=1e-4)


def test_draws_that_all_agree_widen_nothing() -> None:
    estimate = binomial(5, 50)
    assert widened(estimate, np.full(20, estimate.value)) == estimate


@settings(deadline=None)
@given(counts, st.lists(st.floats(0, 1), max_size=20))
def test_widening_never_narrows_and_stays_a_rate(count: tuple[int, int], draws: list[float]) -> None:
    before = binomial(*count)
    after = widened(before, np.array(draws))
    assert 0 <= after.low <= before.low
    assert before.high <= after.high <= 1


def test_an_unknown_rate_stays_unknown() -> None:
    assert not widened(Estimate.unknown(), np.array([0.5])).known
