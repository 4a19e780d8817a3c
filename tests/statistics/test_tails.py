from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from doppelscan.statistics import Tail, fit_tail


def tail_of(statistic: np.ndarray, **censored: np.ndarray) -> Tail:
    found = fit_tail(statistic, np.arange(statistic.size), np.ones(statistic.size), **censored)
    assert found is not None
    return found


def beyond_by_integration(excess: np.ndarray, y: float) -> float:
    """Equations (1) and (2), with theta integrated by quadrature instead of over a grid."""
    k, mean = excess.size, excess.mean()

    def likelihood(relative: float) -> float:
        theta = relative / mean
        total = np.log1p(theta * excess).sum()
        return float(np.exp(k * np.log(theta * mean / total) - total - relative / 0.1))

    def joint(relative: float) -> float:
        theta = relative / mean
        return float(likelihood(relative) * (1 + np.log1p(theta * y) / np.log1p(theta * excess).sum()) ** -k)

    return integrate.quad(joint, 1e-9, 10)[0] / integrate.quad(likelihood, 1e-9, 10)[0]


@pytest.mark.parametrize("shape", [0.0, 0.3])
@pytest.mark.parametrize("y", [1.0, 5.0, 20.0])
def test_the_grid_gives_what_the_integral_gives(shape: float, y: float) -> None:
    statistic = stats.genpareto.rvs(shape, size=300, random_state=np.random.default_rng(3))
    found = tail_of(statistic)
    excess = np.sort(statistic[statistic > found.start] - found.start)
    assert excess.size == 30
    expected = found.share * beyond_by_integration(excess, y)
    assert found.beyond(np.array([found.start + y]))[0] == pytest.approx(expected, rel=0.03)


def test_a_tenth_of_the_patients_make_the_tail() -> None:
    statistic = np.arange(400.0)
    found = tail_of(statistic)
    assert (found.start, found.n) == (359.0, pytest.approx(40))
    assert found.share == 41 / 401


def test_half_of_few_patients_make_the_tail() -> None:
    found = tail_of(np.arange(12.0))
    assert (found.start, found.n) == (5.0, pytest.approx(6))


def test_images_of_a_patient_share_one_weight() -> None:
    rng = np.random.default_rng(4)
    once = rng.exponential(size=200)
    alone = tail_of(once)
    tripled = fit_tail(np.repeat(once, 3), np.repeat(np.arange(200), 3), np.ones(200))
    assert tripled is not None
    x = np.linspace(1, 20, 9)
    np.testing.assert_allclose(tripled.beyond(x), alone.beyond(x))


def test_a_patient_drawn_twice_counts_as_two() -> None:
    statistic = np.random.default_rng(5).exponential(size=100)
    count = np.random.default_rng(6).multinomial(100, np.full(100, 0.01)).astype(float)
    drawn = np.repeat(statistic, count.astype(int))
    weighted, repeated = fit_tail(statistic, np.arange(100), count), tail_of(drawn)
    assert weighted is not None
    x = np.linspace(1, 20, 9)
    np.testing.assert_allclose(weighted.beyond(x), repeated.beyond(x))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(-50, 50), st.floats(0.01, 100))
def test_shift_and_scale_change_nothing(seed: int, shift: float, scale: float) -> None:
    statistic = np.random.default_rng(seed).gumbel(size=120)
    x = np.linspace(0, 15, 7)
    moved = tail_of(shift + scale * statistic).beyond(shift + scale * x)
    np.testing.assert_allclose(moved, tail_of(statistic).beyond(x), rtol=1e-6)


def test_farther_is_rarer() -> None:
    p = tail_of(np.random.default_rng(7).normal(size=500)).beyond(np.linspace(-5, 40, 100))
    assert (np.diff(p) <= 0).all()
    assert p[-1] > 0


def test_statistics_that_are_all_equal_have_no_tail() -> None:
    assert fit_tail(np.ones(50), np.arange(50), np.ones(50)) is None


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_patients_have_no_tail(n: int) -> None:
    assert fit_tail(np.arange(float(n)), np.arange(n), np.ones(n)) is None


def test_a_null_that_is_mostly_incomparable_has_no_tail() -> None:
    assert fit_tail(np.append(np.full(99, -np.inf), 1.0), np.arange(100), np.ones(100)) is None


def test_what_is_unseen_does_not_shape_the_tail() -> None:
    statistic = np.sort(np.random.default_rng(8).exponential(size=300))
    farther = np.append(statistic[:-3], [50.0, 60.0, 70.0])
    unseen = np.arange(300) >= 297
    x = np.linspace(3, 30, 5)
    first, second = tail_of(statistic, unseen=unseen), tail_of(farther, unseen=unseen)
    np.testing.assert_array_equal(first.beyond(x), second.beyond(x))


@pytest.mark.parametrize(
    ("law", "most"),
    [(stats.norm, 1.0), (stats.gumbel_r, 1.0), (stats.expon, 1.0), (stats.genpareto(0.1), 1.5)],
    ids=["normal", "Gumbel", "exponential", "Pareto of shape 0.1"],
)
def test_an_unseen_image_is_no_rarer_than_the_tail_says(law: stats.rv_continuous, most: float) -> None:
    """P(p <= alpha) = mean over nulls of the true chance beyond the point where p falls to alpha."""
    rng = np.random.default_rng(9)
    x = np.linspace(0, 60, 1201)
    for alpha in (1e-3, 1e-4):
        chances = []
        for _ in range(60):
            p = tail_of(law.rvs(size=200, random_state=rng)).beyond(x)
            chances.append(law.sf(x[np.argmax(p <= alpha)]))
        assert np.mean(chances) <= most * alpha
