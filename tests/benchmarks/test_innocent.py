"""The audits of generators that cannot have copied: nobody whom the generator saw is among the patients audited."""

from __future__ import annotations

import numpy as np
import pytest

import innocent
from cohorts import films


def test_patients_whom_a_generator_saw_are_not_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(innocent, "N_TRAIN", 15)
    pool = films(30, each=2)
    saw = pool.take(np.array([0, 7, 21]))
    one, two = (innocent.without(pool, saw, number) for number in (0, 1))
    assert not set(one.table["patient"]) & set(saw.table["patient"])
    assert len(one) == len(set(one.table["id"])) == 15
    assert not one.table.equals(two.table)


def test_invented_films_of_two_seeds_and_parts_differ() -> None:
    parts = [innocent.invented(2, seed, first).read(0, 2) for seed in (0, 1) for first in (0, 10)]
    assert len({part.tobytes() for part in parts}) == 4
