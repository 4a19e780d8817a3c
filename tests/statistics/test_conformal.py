from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.seeds import stream
from doppelscan.statistics import PatientNull, fit_tail

statistics = st.floats(-20, 20) | st.just(np.nan) | st.just(-np.inf)
nulls = st.lists(st.tuples(statistics, st.integers(0, 8)), min_size=1, max_size=60).map(
    lambda rows: PatientNull(np.array([row[0] for row in rows]), np.array([row[1] for row in rows]))
)


def ranked_in_loops(statistic: list[float], patient: list[int], x: float) -> float:
    """The conformal p-value by patient, one image after the other, without a tail."""
    names = set(patient)
    total = 1.0
    for name in names:
        own = [s for s, p in zip(statistic, patient, strict=True) if p == name]
        total += sum(s >= x for s in own) / len(own)
    return min(total / (1 + len(names)), 1.0)


def films(seed: int = 0, n_patients: int = 60) -> PatientNull:
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n_patients), rng.integers(1, 8, n_patients))
    return PatientNull(rng.normal(size=n_patients)[patient] + 0.5 * rng.normal(size=patient.size), patient)


def test_p_is_one_and_the_share_of_each_patient_over_one_and_patients() -> None:
    null = PatientNull(np.array([0.0, 1.0, 2.0, 3.0]), np.array([7, 7, 7, 9]))
    assert null.n_patients == 2
    assert null.floor == 1 / 3
    assert null.p_values(np.array([2.0, -1.0, 2.5])).p == pytest.approx([(1 + 1 / 3 + 1) / 3, 1, 2 / 3])


def test_p_agrees_with_loops() -> None:
    null = films()
    x = np.linspace(-3, null.statistic.max(), 40)
    expected = [ranked_in_loops(null.statistic.tolist(), null.patient.tolist(), value) for value in x]
    found = null.p_values(x)
    np.testing.assert_allclose(found.p, expected)
    assert not found.tail.any()


def test_beyond_the_null_the_tail_gives_p() -> None:
    null = films(n_patients=200)
    x = null.statistic.max() + np.array([0.01, 5.0, 30.0])
    found = null.p_values(x)
    tail = fit_tail(null.statistic, null.patient, np.ones(200))
    assert tail is not None
    np.testing.assert_allclose(found.p, np.minimum(tail.beyond(x), null.floor))
    assert found.tail[1:].all()
    assert found.p[1] < null.floor / 5


def test_without_a_tail_the_floor_stands() -> None:
    found = PatientNull(np.zeros(30), np.arange(30)).p_values(np.array([100.0]))
    assert found.p.tolist() == [1 / 31]
    assert not found.tail.any()


@settings(deadline=None)
@given(nulls, st.lists(statistics | st.just(np.inf), min_size=1, max_size=20))
def test_p_is_a_probability_and_falls_as_the_statistic_grows(null: PatientNull, x: list[float]) -> None:
    found = null.p_values(np.sort(np.nan_to_num(x, nan=-np.inf, posinf=np.inf, neginf=-np.inf)))
    assert ((found.p > 0) & (found.p <= 1)).all()
    assert (np.diff(found.p) <= 1e-12).all()
    assert (found.p[~found.tail] >= null.floor).all()


@settings(deadline=None)
@given(nulls, st.randoms())
def test_the_order_of_the_null_and_the_names_of_patients_do_not_matter(
    null: PatientNull, random: Random
) -> None:
    order = list(range(null.statistic.size))
    random.shuffle(order)
    shuffled = PatientNull(null.statistic[order], 1000 - 3 * null.patient[order])
    x = np.linspace(-25, 25, 30)
    np.testing.assert_allclose(shuffled.p_values(x).p, null.p_values(x).p)


def test_an_image_that_compares_with_nothing_is_never_suspicious() -> None:
    assert films().p_values(np.array([np.nan, -np.inf])).p.tolist() == [1, 1]


def test_null_images_that_compare_with_nothing_count_as_unsuspicious() -> None:
    null = PatientNull(np.array([np.nan, 1.0, 2.0]), np.array([0, 1, 2]))
    assert null.p_values(np.array([1.5])).p.tolist() == [2 / 4]


def test_a_null_without_patients_suspects_nothing() -> None:
    null = PatientNull(np.zeros(0), np.zeros(0, int))
    assert (null.n_patients, null.floor) == (0, 1)
    assert null.p_values(np.array([5.0])).p.tolist() == [1]
    assert null.p_values_resampled(np.array([5.0]), 3, 0).tolist() == [[1]] * 3


def test_an_exact_copy_has_the_smallest_p_there_is() -> None:
    found = films().p_values(np.array([np.inf]))
    assert 0 < found.p[0] < 1e-300


@pytest.mark.parametrize("most_images", [1, 12])
def test_p_of_an_unseen_image_is_uniform_or_larger(most_images: int) -> None:
    rng, p = np.random.default_rng(1), []
    for _ in range(1500):
        patient = np.repeat(np.arange(40), rng.integers(1, most_images + 1, 40))
        level = rng.normal(size=41)
        statistic = level[patient] + 0.7 * rng.normal(size=patient.size)
        p.append(PatientNull(statistic, patient).p_values(level[40:] + 0.7 * rng.normal(size=1)).p[0])
    for alpha in (0.01, 0.05, 0.1, 0.3):
        assert np.mean(np.array(p) <= alpha) <= alpha + 2.6 * np.sqrt(alpha / 1500)
    assert np.mean(np.array(p) <= 0.3) > 0.24


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 100))
def test_resampled_p_values_are_those_of_a_null_of_the_patients_drawn(seed: int) -> None:
    null = films(seed)
    x = np.linspace(-3, 8, 12)
    found = null.p_values_resampled(x, 4, seed)
    n = null.n_patients
    generator = stream(seed, "patients of the null")
    for row in found:
        chosen = generator.integers(n, size=n)
        own = [null.statistic[null.patient == patient] for patient in chosen]
        numbers = np.repeat(np.arange(n), [len(values) for values in own])
        np.testing.assert_allclose(row, PatientNull(np.concatenate(own), numbers).p_values(x).p)


def test_the_same_seed_draws_the_same_patients() -> None:
    null, x = films(), np.linspace(-3, 8, 5)
    first, again, other = (null.p_values_resampled(x, 3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_allclose(null.p_values_resampled(x[1:], 3, 1), first[:, 1:])
