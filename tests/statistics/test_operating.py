"""What is found at few false positives is what plain loops count, and the interval holds the truth."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.seeds import stream
from doppelscan.statistics import clustered, least_negatives, true_positives_at
from doppelscan.statistics.operating import _limits

few = st.lists(
    st.tuples(st.integers(0, 8), st.booleans(), st.integers(0, 9)).map(lambda row: (float(row[0]), *row[1:])),
    min_size=1,
    max_size=30,
)


@given(few, st.sampled_from([0.1, 0.25]))
def test_the_value_is_what_plain_loops_count(rows: list[tuple[float, bool, int]], share: float) -> None:
    score, positive, patient = (np.array(column) for column in zip(*rows, strict=True))
    found = true_positives_at(score, positive, patient, share)
    negatives = [value for value, is_positive, _ in rows if not is_positive]
    if len(negatives) < 1 / share or not any(positive):
        assert not found.known
        return
    allowed = [t for t in negatives if sum(n > t for n in negatives) <= share * len(negatives)]
    expected = np.mean([value > min(allowed) for value, is_positive, _ in rows if is_positive])
    assert found.value == pytest.approx(expected)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_threshold_may_lie_wherever_the_share_above_it_may_be_the_one_asked_for() -> None:
    negatives, patient = stream(0, "negatives").normal(size=300), np.arange(300) // 2
    low, high = _limits(negatives, patient, 0.05, 0.95)
    held = [
        t
        for t in np.unique(negatives)
        if (share := clustered(negatives > t, patient)).low <= 0.05 <= share.high
    ]
    assert low == min(held)
    assert high == min(t for t in np.unique(negatives) if t > max(held))


def test_too_few_negatives_say_nothing_of_rare_errors() -> None:
    assert [least_negatives(share) for share in (0.001, 0.01, 0.05)] == [1000, 100, 20]
    score = np.concatenate([np.arange(999.0), np.full(50, 5000.0)])
    positive, patient = np.arange(1049) >= 999, np.arange(1049)
    assert not true_positives_at(score, positive, patient, 0.001).known
    assert true_positives_at(score, positive, patient, 0.01).value == 1
    assert not true_positives_at(score[:999], positive[:999], patient[:999], 0.01).known


def test_a_thousand_negatives_leave_the_rarest_errors_open_downwards() -> None:
    score = np.concatenate([np.arange(1000.0), np.full(50, 5000.0)])
    found = true_positives_at(score, np.arange(1050) >= 1000, np.arange(1050), 0.001)
    assert (found.value, found.low, found.high) == (
        1,
        0,
        1,
    )  # 0.975 ** (1 / 1000) of chance may lie beyond all
    many = np.concatenate([np.arange(4000.0), np.full(50, 5000.0)])
    assert true_positives_at(many, np.arange(4050) >= 4000, np.arange(4050), 0.001).low > 0.9


@pytest.mark.parametrize("each", [1, 3])
def test_the_interval_holds_the_truth_as_often_as_it_promises(each: int) -> None:
    shift, share, n = 2.0, 0.05, 120
    truth = 1 - NormalDist().cdf(NormalDist().inv_cdf(1 - share) - shift)
    held = 0
    for run in range(200):
        chance = stream(run, "coverage", each)
        own = chance.normal(size=(2 * n, 1)) * math.sqrt(0.7) if each > 1 else np.zeros((2 * n, 1))
        rest = math.sqrt(0.3) if each > 1 else 1.0
        score = own + rest * chance.normal(size=(2 * n, each))
        score[:n] += shift
        positive, patient = np.arange(2 * n) < n, np.arange(2 * n)
        found = true_positives_at(score.ravel(), np.repeat(positive, each), np.repeat(patient, each), share)
        held += found.low <= truth <= found.high
    assert held >= 188  # 94%; the limits are those of exact intervals, so mostly more


def test_undefined_scores_are_never_found() -> None:
    score = np.concatenate([np.arange(100.0), np.full(10, np.nan)])
    assert true_positives_at(score, np.arange(110) >= 100, np.arange(110), 0.05).value == 0
