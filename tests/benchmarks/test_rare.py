"""In the benchmark of rare false alarms every film is a negative once, never beside a film of its patient."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rare
from cohorts import films, pixels_of
from copying import methods
from doppelscan.images.transforms import STANDARD


@pytest.fixture(scope="module")
def made() -> rare.Films:
    own = films(30, side=32, each=2)
    return rare.Films(pixels_of(own), own.patients)


def test_every_film_is_a_negative_once_and_no_patient_has_two_parts(made: rare.Films) -> None:
    held: Counter[bytes] = Counter()
    for turn in rare.turns(made):
        held.update(image.tobytes() for image in turn.held)
        sides = [{image.tobytes() for image in side} for side in (turn.train, turn.held, turn.compared)]
        assert sum(map(len, sides)) == len(made.pixels)
        assert not set(turn.train_patient) & set(turn.held_patient)
        together = {*turn.train_patient, *turn.held_patient}
        assert not together & set(made.patient[[image.tobytes() in sides[2] for image in made.pixels]])
    assert set(held.values()) == {1}
    assert len(held) == len(made.pixels)


def test_duplicates_are_removed_and_patients_of_two_sets_are_two(made: rare.Films) -> None:
    who = np.array([f"p{one}" for one in made.patient], dtype=object)
    again = np.array(["p0", "p1"], dtype=object)
    other = 255 - made.pixels[:2]
    found = rare.distinct([(made.pixels, who), (made.pixels[:2], again), (other, again)])
    assert len(found.pixels) == len(made.pixels) + 2
    assert found.patient.max() + 1 == 30 + 2


def test_a_film_that_is_met_under_another_name_is_no_negative(made: rare.Films) -> None:
    turn = next(rare.turns(made))
    held = turn.held.copy()
    held[2], held[5] = turn.train[7] // 2 + 60, turn.compared[1]
    rows = pd.DataFrame({"copy": [False] * len(held) + [True] * 3})
    kept = rare.without_twins(replace(turn, held=held), rows)
    assert sorted(set(rows.index) - set(kept.index)) == [2, 5]


def test_each_negative_is_changed_once_and_each_copy_in_every_way(
    made: rare.Films, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rare, "registered", methods.pearson)
    turn = next(rare.turns(made))
    rows = rare.scored(replace(turn, compared=turn.compared[:0]), 4)
    assert (~rows["copy"]).sum() == len(turn.held)
    assert rows[rows["copy"]].groupby("change").size().to_dict() == {one.name: 4 for one in STANDARD}
    exact = rows["copy"] & (rows["change"] == "exact")
    assert rows.loc[exact, "named"].all()
    assert rare.found(rows[exact | ~rows["copy"]], "exact", 0.001).value == 1
    rare.write(rows, "`python`", tmp_path / "rare")
    text = (tmp_path / "rare.md").read_text()
    assert f"{len(turn.held)} distinct films of {len(set(turn.held_patient))} patients" in text
    assert len([line for line in text.splitlines() if line.startswith("| ")]) == 2 + len(STANDARD) + 1
