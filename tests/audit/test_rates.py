"""Rates of a whole set, against the same said in plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.audit.rates import (
    alarms,
    copied_share,
    copies_left,
    exposure,
    least_detectable_copies,
    memorized_share,
    redrawn,
)
from doppelscan.audit.verdicts import Rule, Verdicts, judge
from doppelscan.estimates import Estimate
from doppelscan.statistics import PatientNull, binomial

RULE = Rule(fdr=0.05)
NULL = PatientNull(np.random.default_rng(0).normal(size=400), np.arange(400) // 2)


def judged(statistic: list[float]) -> Verdicts:
    values = np.array(statistic)
    return judge(values, np.tanh(values), NULL, RULE)


def loop_of_patients(p: list[float], patient: list[int], n_patients: int) -> list[float]:
    smallest = [1.0] * n_patients
    count = [0] * n_patients
    for value, named in zip(p, patient, strict=True):
        smallest[named] = min(smallest[named], value)
        count[named] += 1
    return [min(1.0, s * c) for s, c in zip(smallest, count, strict=True)]


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5)), min_size=1, max_size=30))
def test_a_patient_s_p_value_is_the_smallest_times_the_number_of_images(
    rows: list[tuple[float, int]],
) -> None:
    from doppelscan.audit.rates import _patient_p

    p, patient = [row[0] for row in rows], [row[1] for row in rows]
    found = _patient_p(np.array([p]), np.array(patient), 6)[0]
    assert found == pytest.approx(loop_of_patients(p, patient, 6))


def test_patients_exposed_are_those_of_evident_copies() -> None:
    verdicts = judged([0.1, -0.5, 9.0, 9.0, 0.3])
    p, _ = redrawn(verdicts, NULL, RULE, n_draws=20, seed=0)
    exposed = exposure(verdicts, np.array([0, 1, 2, 2, -1]), 10, RULE, p)
    assert exposed.patients.tolist() == [2]
    assert exposed.share.value == 0.1


def test_patients_whom_no_image_names_do_not_weaken_the_finding() -> None:
    verdicts = judged([5.0, *np.linspace(-2, 1, 39)])
    patient = np.arange(40)
    p, _ = redrawn(verdicts, NULL, RULE, n_draws=5, seed=0)
    few, many = (
        exposure(verdicts, patient, n_patients, RULE, p).patients.tolist() for n_patients in (40, 4000)
    )
    assert few == many == [0]


def test_under_a_threshold_every_patient_named_is_exposed() -> None:
    rule = Rule(fdr=0.05, threshold=0.5)
    values = np.array([0.9, 0.6, 0.1])
    verdicts = judge(values, values, NULL, rule)
    exposed = exposure(verdicts, np.array([4, 1, 0]), 5, rule, np.zeros((0, 3)))
    assert exposed.patients.tolist() == [1, 4]


def test_the_interval_of_copied_is_never_narrower_than_the_binomial() -> None:
    verdicts = judged([9.0] * 5 + [0.0] * 95)
    _, draws = redrawn(verdicts, NULL, RULE, n_draws=50, seed=0)
    estimate, exact = copied_share(verdicts.copied, draws), binomial(5, 100)
    assert estimate.value == 0.05
    assert estimate.low <= exact.low + 1e-12
    assert estimate.high >= exact.high - 1e-12


def test_memorized_counts_each_training_image_once() -> None:
    copied, best = np.array([True, True, True, False]), np.array([3, 3, 1, 2])
    share = memorized_share(copied, best, np.array([0, 0, 1, 1]), np.array([copied, copied]))
    assert share.value == 0.5


@pytest.mark.parametrize(
    ("copied", "power", "value"),
    [(0.1, 0.5, 0.1), (0.0, 0.5, 0.0), (0.1, 1.0, 0.0), (1.0, 0.4, 0.0), (0.2, 0.0, 0.8), (0.0, 0.0, 0.0)],
)
def test_copies_left_follow_from_power(copied: float, power: float, value: float) -> None:
    left = copies_left(Estimate(copied, copied, copied, 10), Estimate(power, power, power, 10))
    assert left.value == pytest.approx(value)


def test_copies_left_take_the_least_power_and_the_most_copies() -> None:
    left = copies_left(Estimate(0.1, 0.05, 0.2, 100), Estimate(0.8, 0.5, 0.9, 50))
    assert left.high == pytest.approx(0.2 / 0.5 - 0.1)
    assert left.low == 0
    assert copies_left(Estimate(0, 0, 0.03, 100), Estimate(0, 0, 0.1, 50)).high == 1
    assert not copies_left(Estimate(0, 0, 0.03, 100), Estimate.unknown()).known


@given(
    st.tuples(*[st.floats(0, 1)] * 3).map(sorted),
    st.tuples(*[st.floats(0, 1)] * 3).map(sorted),
)
def test_copies_left_are_a_share_of_what_is_not_flagged(copied: list[float], power: list[float]) -> None:
    left = copies_left(
        Estimate(copied[1], copied[0], copied[2], 9), Estimate(power[1], power[0], power[2], 9)
    )
    assert 0 <= left.low <= left.value <= left.high <= 1 - copied[1] + 1e-12


def test_power_is_what_a_copy_added_alone_would_meet() -> None:
    statistic = np.array([9.0, 9.0, 0.0, 9.0])
    p, hit, rates = alarms(
        statistic,
        np.tanh(statistic),
        np.arange(4),
        ["noise", "blur", "blur", "noise"],
        null=NULL,
        rule=RULE,
        n_flagged=3,
        n=100,
    )
    assert hit.tolist() == [bool(value <= 0.05 * 4 / 101) for value in p]
    assert rates.by_transform["noise"].value == 1
    assert rates.by_transform["blur"].value == 0.5
    assert rates.overall.value == 0.75


def test_the_least_detectable_number_of_copies_passes_benjamini_hochberg() -> None:
    p = np.array([0.004, 0.004, 0.2])
    least = least_detectable_copies(p, ["a", "a", "b"], floor=0.01, fdr=0.05, n=100)
    assert least == 8  # 100 x 0.004 / 0.05
    assert 0.05 * least / 100 >= 0.004
    assert least_detectable_copies(p, ["a", "a", "b"], floor=1e-9, fdr=0.05, n=100) == 1
