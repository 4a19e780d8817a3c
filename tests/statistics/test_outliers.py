from __future__ import annotations

import numpy as np
import pytest

from doppelscan.statistics import PatientNull, outliers


def normal(seed: int, n: int = 300) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize("n_errors", [1, 2, 6, 12])
def test_identity_errors_are_found_and_nothing_else(n_errors: int) -> None:
    for seed in range(10):
        statistic = normal(seed)
        planted = np.random.default_rng(seed).permutation(300)[:n_errors]
        statistic[planted] = 15 + statistic[planted]
        assert np.flatnonzero(outliers(statistic, np.arange(300))).tolist() == sorted(planted)


@pytest.mark.parametrize("law", ["normal", "gumbel", "exponential", "logistic"])
def test_a_clean_null_has_an_outlier_once_in_a_hundred_at_most(law: str) -> None:
    rng = np.random.default_rng(0)
    clean = [getattr(rng, law)(size=150) for _ in range(200)]
    assert sum(outliers(null, np.arange(150)).any() for null in clean) <= 5


def test_the_level_is_reached_where_the_tail_is_heavy() -> None:
    heavy = [np.random.default_rng(seed).pareto(3, size=150) for seed in range(60)]
    patient = np.arange(150)
    assert sum(outliers(null, patient, alpha=0.2).any() for null in heavy) > 0


def test_without_its_outliers_the_null_is_no_longer_blind() -> None:
    statistic = np.append(normal(3, 500), [14.0, 15.0])
    patient = np.arange(502)
    kept = ~outliers(statistic, patient)
    copies = np.full(50, 12.0)
    assert PatientNull(statistic, patient).p_values(copies).p.min() > 1e-3
    assert PatientNull(statistic[kept], patient[kept]).p_values(copies).p.max() < 1e-4


def test_more_errors_than_one_in_twenty_are_the_tail() -> None:
    statistic = np.append(normal(4, 200), np.linspace(10, 30, 40))
    assert not outliers(statistic, np.arange(240)).any()


def test_films_of_one_patient_do_not_vouch_for_each_other() -> None:
    statistic = np.append(normal(5, 400), np.full(8, 6.0))
    many = np.append(np.arange(400), 400 + np.arange(8))
    one = np.append(np.arange(400), np.full(8, 400))
    assert outliers(statistic, many)[-8:].all()
    assert not outliers(statistic, one).any()


def test_a_perfect_match_is_always_an_outlier() -> None:
    statistic = np.array([0.0, np.inf, np.nan, 1.0])
    assert outliers(statistic, np.arange(4)).tolist() == [False, True, False, False]


@pytest.mark.parametrize("statistic", [[], [1.0], [np.nan, np.nan], [2.0] * 30])
def test_a_null_without_spread_has_none(statistic: list[float]) -> None:
    assert not outliers(np.array(statistic), np.arange(len(statistic))).any()


def test_order_does_not_matter() -> None:
    statistic = np.append(normal(6), [20.0, 21.0])
    order = np.random.default_rng(1).permutation(302)
    found = outliers(statistic, np.arange(302))
    assert outliers(statistic[order], np.arange(302)[order]).tolist() == found[order].tolist()
