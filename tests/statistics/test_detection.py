"""Copies are told from others as plain loops say, and intervals hold the truth as often as they promise."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.seeds import stream
from doppelscan.statistics import auc, clustered, sensitivity_at, sensitivity_specificity, threshold_at

few = st.lists(
    st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 5)).map(lambda row: (float(row[0]), *row[1:])),
    min_size=1,
    max_size=25,
)


def columns(rows: list[tuple[float, bool, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    score, copy, patient = zip(*rows, strict=True)
    return np.array(score), np.array(copy), np.array(patient)


def loop_auc(score: np.ndarray, copy: np.ndarray) -> float:
    won = [(a > b) + (a == b) / 2 for a in score[copy] for b in score[~copy]]
    return sum(won) / len(won)


def loop_threshold(score: np.ndarray, patient: np.ndarray, false_alarms: float) -> float:
    """The lowest score that is exceeded rarely enough, patient by patient."""
    allowed = []
    for threshold in score:
        shares = []
        for one in set(patient.tolist()):
            own = [s for s, p in zip(score, patient, strict=True) if p == one]
            shares.append(sum(s > threshold for s in own) / len(own))
        if sum(shares) / len(shares) <= false_alarms + 1e-9:
            allowed.append(threshold)
    return min(allowed)


def two_groups(
    rng: np.random.Generator,
    n_copies: int,
    n_others: int,
    distance: float,
    images: int = 1,
    alike: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normal scores, `images` for each patient, of correlation `alike`; those of copies are higher."""
    patient = np.repeat(np.arange(n_copies + n_others), images)
    copy = patient < n_copies
    shared = rng.normal(size=n_copies + n_others)[patient]
    score = math.sqrt(alike) * shared + math.sqrt(1 - alike) * rng.normal(size=patient.size)
    return score + distance * copy, copy, patient


@settings(deadline=None)
@given(few)
def test_the_area_agrees_with_loops(rows: list[tuple[float, bool, int]]) -> None:
    score, copy, patient = columns(rows)
    found = auc(score, copy, patient)
    if copy.all() or not copy.any():
        assert not found.known
        return
    assert found.value == pytest.approx(loop_auc(score, copy), abs=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high
    assert found.n == len(rows)


@settings(deadline=None)
@given(few, st.sampled_from([0.0, 0.01, 0.05, 0.2, 0.5, 1.0]))
def test_the_threshold_agrees_with_loops(rows: list[tuple[float, bool, int]], false_alarms: float) -> None:
    score, _, patient = columns(rows)
    assert threshold_at(score, patient, false_alarms) == loop_threshold(score, patient, false_alarms)


@settings(deadline=None)
@given(few, st.sampled_from([0.01, 0.2]))
def test_sensitivity_is_the_share_of_copies_above_that_threshold(
    rows: list[tuple[float, bool, int]], false_alarms: float
) -> None:
    score, copy, patient = columns(rows)
    found = sensitivity_at(score, copy, patient, false_alarms, n_draws=20)
    if copy.all() or not copy.any():
        assert not found.known
        return
    threshold = loop_threshold(score[~copy], patient[~copy], false_alarms)
    assert found.value == pytest.approx(np.mean([s > threshold for s in score[copy]]))
    assert found.low <= found.value <= found.high
    assert found.n == copy.sum()


def test_the_area_agrees_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    score, copy, patient = two_groups(stream(0), 300, 700, 1.2)
    assert auc(score, copy, patient).value == pytest.approx(metrics.roc_auc_score(copy, score))


def test_the_threshold_of_one_image_each_is_the_quantile_that_scikit_learn_finds() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    score, copy, patient = two_groups(stream(1), 300, 700, 2.0)
    alarms, found, _ = metrics.roc_curve(copy, score, drop_intermediate=False)
    best = found[alarms <= 0.05].max()
    assert sensitivity_at(score, copy, patient, 0.05).value == pytest.approx(best, abs=1 / 300)


def test_a_patient_with_many_images_sets_the_threshold_no_more_than_another() -> None:
    one_each = np.linspace(0, 1, 100)
    crowd = np.full(900, 0.5)
    patient = np.concatenate([np.arange(100), np.full(900, 7)])
    assert threshold_at(np.concatenate([one_each, crowd]), patient, 0.02) == pytest.approx(one_each[97])


def test_few_patients_cannot_show_a_small_rate() -> None:
    score = np.arange(20.0)
    assert threshold_at(score, np.arange(20), 0.01) == 19
    assert threshold_at(score, np.arange(20), 0.05) == 18


def test_undefined_scores_are_the_lowest() -> None:
    score = np.array([math.nan, 1.0, 2.0, math.nan, 3.0])
    copy = np.array([True, True, True, False, False])
    assert auc(score, copy, np.arange(5)).value == pytest.approx((0.5 + 1 + 1) / 6)
    assert sensitivity_at(score, copy, np.arange(5), 0.5).value == pytest.approx(2 / 3)
    assert threshold_at(np.array([math.nan, math.nan]), np.arange(2), 0.5) == -math.inf


def test_the_areas_limits_are_where_chance_reaches() -> None:
    """Newcombe's equation, where the variance seen is no larger than the model's."""
    score = np.concatenate([np.linspace(0.45, 1, 30), np.linspace(0, 0.55, 40)])
    copy = np.arange(70) < 30
    found = auc(score, copy, np.arange(70))
    for limit in (found.low, found.high):
        half = (30 + 40) / 2 - 1
        spread = 1 + half * ((1 - limit) / (2 - limit) + limit / (1 + limit))
        chance = math.sqrt(limit * (1 - limit) * spread / (30 * 40))
        assert abs(limit - found.value) == pytest.approx(1.959964 * chance, rel=1e-5)


def test_copies_of_every_row_under_its_patient_teach_nothing() -> None:
    score, copy, patient = two_groups(stream(2), 60, 80, 1.0)
    once = auc(score, copy, patient)
    thrice = auc(*(np.repeat(column, 3) for column in (score, copy, patient)))
    assert thrice.value == pytest.approx(once.value)
    assert thrice.high - thrice.low == pytest.approx(once.high - once.low, rel=0.1)
    without_patients = auc(*(np.repeat(column, 3) for column in (score, copy)), np.arange(420))
    assert without_patients.high - without_patients.low < 0.7 * (once.high - once.low)


def test_groups_wholly_apart_leave_room_for_doubt_by_patient() -> None:
    score, copy = np.arange(40.0), np.arange(40) >= 20
    found = auc(score, copy, np.arange(40))
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.85 < found.low < 0.95
    grouped = auc(score, copy, np.arange(40) // 5)
    assert grouped.low < found.low
    mirrored = auc(-score, copy, np.arange(40))
    assert (mirrored.value, mirrored.low) == (0.0, 0.0)
    assert mirrored.high == pytest.approx(1 - found.low)


def test_a_patient_with_both_kinds_is_taken_as_one() -> None:
    """A score that tells patients apart, not copies: pairs within a patient are much alike."""
    rng = stream(3)
    patient = np.tile(np.arange(100), 2)
    score = rng.normal(size=100)[patient] + 0.1 * rng.normal(size=200)
    copy = np.arange(200) < 100
    paired, apart = auc(score, copy, patient), auc(score, copy, np.arange(200))
    assert paired.high - paired.low <= apart.high - apart.low


def test_sensitivity_carries_the_chance_of_few_negatives() -> None:
    score, copy, patient = two_groups(stream(4), 400, 30, 2.0)
    many_score, many_copy, many_patient = two_groups(stream(4), 400, 3000, 2.0)
    few_negatives = sensitivity_at(score, copy, patient, 0.05)
    many_negatives = sensitivity_at(many_score, many_copy, many_patient, 0.05)
    assert few_negatives.high - few_negatives.low > 2 * (many_negatives.high - many_negatives.low)


def test_the_same_seed_gives_the_same_interval() -> None:
    rows = two_groups(stream(5), 50, 60, 1.0)
    assert sensitivity_at(*rows, 0.1) == sensitivity_at(*rows, 0.1)
    assert sensitivity_at(*rows, 0.1, n_draws=5, seed=1) != sensitivity_at(*rows, 0.1, n_draws=5)


@pytest.mark.parametrize(("distance", "images", "alike"), [(1.0, 1, 0.0), (2.5, 1, 0.0), (2.5, 4, 0.6)])
def test_intervals_hold_the_truth_as_often_as_they_promise(
    distance: float, images: int, alike: float
) -> None:
    normal, rng = NormalDist(), stream(6, images)
    true_area = normal.cdf(distance / math.sqrt(2))
    true_sensitivity = normal.cdf(distance - normal.inv_cdf(0.9))
    held = []
    for _ in range(150):
        rows = two_groups(rng, 40, 80, distance, images, alike)
        area, found = auc(*rows), sensitivity_at(*rows, 0.1, n_draws=100)
        held.append((area.low <= true_area <= area.high, found.low <= true_sensitivity <= found.high))
    assert np.all(np.mean(held, axis=0) >= 0.9)


def test_a_verdict_is_counted_on_both_sides() -> None:
    flagged = np.array([True, True, False, False, False, True])
    copy = np.array([True, True, True, False, False, False])
    sensitivity, specificity = sensitivity_specificity(flagged, copy, np.arange(6))
    assert (sensitivity.value, sensitivity.n) == (pytest.approx(2 / 3), 3)
    assert (specificity.value, specificity.n) == (pytest.approx(2 / 3), 3)
    assert sensitivity == clustered(np.array([True, True, False]), np.arange(3))
    none, _ = sensitivity_specificity(flagged[3:], copy[3:], np.arange(3))
    assert not none.known
