"""Is the movement that most matches agree on found, among however many that do not?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.search.consensus import Matched, agreed

A, B = 0.8 * np.exp(0.5j), 12 - 7j


def matches(n_true: int, n_false: int, seed: int = 0, *, jitter: float = 0.0) -> Matched:
    """Matches moved by A and B, the first `n_true` of them up to `jitter`; the others go anywhere."""
    rng = np.random.default_rng(seed)
    n = n_true + n_false
    z = rng.uniform(0, 100, n) + 1j * rng.uniform(0, 100, n)
    w = A * z + B + jitter * (rng.normal(size=n) + 1j * rng.normal(size=n))
    turn = A * np.exp(0.1 * (rng.normal(size=n) + 1j * rng.normal(size=n)))
    w[n_true:] = rng.uniform(0, 100, n_false) + 1j * rng.uniform(0, 100, n_false)
    turn[n_true:] = np.exp(rng.normal(size=n_false) + 1j * rng.uniform(-np.pi, np.pi, n_false))
    return Matched(z, w, turn, rng.uniform(0.5, 1, n))


@pytest.mark.parametrize("seed", range(5))
def test_the_movement_is_found_among_twice_as_many_false_matches(seed: int) -> None:
    found = agreed(matches(20, 40, seed, jitter=0.2), tolerance=2.0)
    assert found is not None
    assert found.inliers[:20].sum() >= 19
    assert found.inliers[20:].sum() <= 3
    assert found.a == pytest.approx(A, abs=0.03)
    assert found.a * (50 + 50j) + found.b == pytest.approx(A * (50 + 50j) + B, abs=1)


def heaviest_proposal(m: Matched, tolerance: float) -> float:
    """In plain loops: the largest weight that the proposal of one match gathers."""
    best = 0.0
    for i in range(len(m.z)):
        a, b = m.turn[i], m.w[i] - m.turn[i] * m.z[i]
        if m.weight[i] == 0 or not 1 / 3 < abs(a) < 3:
            continue
        total = 0.0
        for j in range(len(m.z)):
            near = abs(a * m.z[j] + b - m.w[j]) < tolerance
            change = m.turn[j] / a
            total += m.weight[j] * (near and 0.5 < abs(change) < 2 and abs(np.angle(change)) < np.pi / 4)
        best = max(best, total)
    return best


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 100))
def test_refining_keeps_most_of_the_heaviest_proposal_and_all_where_one_match_proposes_all(
    n_true: int, n_false: int, seed: int
) -> None:
    given_ = matches(n_true, n_false, seed, jitter=0.1)
    found = agreed(given_, tolerance=3.0)
    best = heaviest_proposal(given_, 3.0)
    if best == 0:
        assert found is None
        return
    assert found is not None
    assert found.weight == pytest.approx(given_.weight[found.inliers].sum())
    assert found.weight >= 0.5 * best
    if n_true > 2 and n_false == 0 and best == pytest.approx(given_.weight.sum()):
        assert found.weight == pytest.approx(given_.weight.sum())


def test_matches_of_no_weight_propose_nothing_but_are_told_to_agree() -> None:
    m = matches(6, 0)
    light = Matched(m.z, m.w, m.turn, np.array([1.0, 1, 0, 0, 0, 0]))
    found = agreed(light, tolerance=2.0)
    assert found is not None
    assert found.inliers.all()
    assert found.weight == 2
    assert agreed(Matched(m.z, m.w, m.turn, np.zeros(6)), tolerance=2.0) is None


def test_what_is_zoomed_more_than_threefold_is_no_movement() -> None:
    m = matches(5, 0)
    assert agreed(Matched(m.z, 0.1 * m.z, np.full(5, 0.1 + 0j), m.weight), tolerance=2.0) is None


def test_a_single_match_and_none() -> None:
    one = matches(1, 0)
    found = agreed(one, tolerance=1.0)
    assert found is not None
    assert found.a == pytest.approx(one.turn[0])
    assert agreed(matches(0, 0), tolerance=1.0) is None
