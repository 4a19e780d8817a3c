"""Plans of cohorts."""

from __future__ import annotations

import pandas as pd
import pytest

from doppelscan.imagesets.phantoms import Cohort, chest
from doppelscan.imagesets.phantoms.cohort import plan


def test_a_plan_numbers_patients_from_the_first() -> None:
    assert plan(3, 7, 2, "visits") == ([(7, 2), (8, 2), (9, 2)], [])


def test_a_plan_takes_one_number_for_each_patient() -> None:
    assert plan(2, 0, [1, 5], "visits") == ([(0, 1), (1, 5)], [])


@pytest.mark.parametrize(
    ("n_patients", "first", "each", "where"),
    [
        (0, 0, 1, "n_patients"),
        (-2, 0, 1, "n_patients"),
        (1, -1, 1, "first_patient"),
        (2, 0, [1], "films"),
        (2, 0, [1, 0], "films"),
    ],
)
def test_a_plan_says_what_is_wrong(n_patients: int, first: int, each: int | list[int], where: str) -> None:
    _, problems = plan(n_patients, first, each, "films")
    assert [problem.where for problem in problems] == [where]


def test_a_cohort_is_as_long_as_its_table() -> None:
    cohort = chest(2, size=16, films=[2, 1])
    assert isinstance(cohort, Cohort)
    assert isinstance(cohort.table, pd.DataFrame)
    assert len(cohort) == 3
    assert cohort.table["id"].tolist() == ["chest-0000-f1", "chest-0000-f2", "chest-0001-f1"]
