from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from doppelscan.statistics import flagged, q_values

p_values = st.lists(st.floats(1e-9, 1), min_size=1, max_size=40).map(np.array)


def stepped_up(p: list[float], fdr: float) -> list[bool]:
    """Benjamini and Hochberg's procedure as they describe it: the largest k with p(k) <= k fdr / m."""
    ranked = sorted(p)
    passing = [k for k, value in enumerate(ranked, start=1) if value <= k * fdr / len(p)]
    limit = ranked[max(passing) - 1] if passing else -1.0
    return [value <= limit for value in p]


@settings(deadline=None)
@given(p_values, st.sampled_from([0.01, 0.05, 0.2]))
def test_flagged_is_the_step_up_procedure(p: np.ndarray, fdr: float) -> None:
    assert flagged(p, fdr).tolist() == stepped_up(p.tolist(), fdr)


@settings(deadline=None)
@given(p_values)
def test_q_values_agree_with_scipy(p: np.ndarray) -> None:
    np.testing.assert_allclose(q_values(p), stats.false_discovery_control(p))


@settings(deadline=None)
@given(p_values, st.randoms())
def test_the_order_of_images_does_not_matter(p: np.ndarray, random: Random) -> None:
    order = list(range(p.size))
    random.shuffle(order)
    np.testing.assert_array_equal(q_values(p[order]), q_values(p)[order])


def test_each_draw_is_judged_by_itself() -> None:
    draws = np.random.default_rng(0).random((7, 30)) ** 3
    np.testing.assert_array_equal(q_values(draws), [q_values(draw) for draw in draws])


def test_the_largest_q_value_is_the_largest_p_value() -> None:
    assert q_values(np.array([0.2, 0.9])).tolist() == [0.4, 0.9]


def test_no_images_give_no_q_values() -> None:
    assert q_values(np.zeros(0)).size == 0


def test_false_discoveries_stay_below_the_rate_asked_for() -> None:
    rng, false = np.random.default_rng(2), []
    for _ in range(400):
        found = flagged(np.append(rng.random(90), rng.random(10) * 1e-4), 0.1)
        false.append(found[:90].sum() / max(found.sum(), 1))
    assert 0.06 < np.mean(false) < 0.11
