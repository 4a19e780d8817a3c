"""What every cohort promises, whatever it shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.imagesets.phantoms import Cohort, brain, chest, skin

MAKERS: dict[str, Callable[..., Cohort]] = {
    "slices": partial(brain, axes=2, size=32),
    "volumes": partial(brain, axes=3, size=(16, 20, 18)),
    "films": partial(chest, size=32),
    "photos": partial(skin, size=32),
}
REPEATS = {"slices": "visits", "volumes": "visits", "films": "films", "photos": "photos"}


@pytest.fixture(params=MAKERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_cohort_has_a_row_for_each_image(kind: str) -> None:
    cohort = MAKERS[kind](5)
    assert list(cohort.table.columns[:6]) == ["id", "patient", "study", "label", "sex", "age"]
    assert len(cohort) == len(cohort.table) == 5
    assert cohort.pixels.dtype == np.uint8
    assert cohort.pixels.shape[1] == len(cohort.channels)


def test_the_same_seed_gives_the_same_bytes(kind: str) -> None:
    first, again = MAKERS[kind](3, seed=4), MAKERS[kind](3, seed=4)
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert first.table.equals(again.table)


def test_another_seed_gives_other_patients(kind: str) -> None:
    assert not np.array_equal(MAKERS[kind](1, seed=0).pixels, MAKERS[kind](1, seed=1).pixels)


def test_a_patient_does_not_depend_on_who_else_is_in_the_cohort(kind: str) -> None:
    all_five, last_two = MAKERS[kind](5), MAKERS[kind](2, first_patient=3)
    np.testing.assert_array_equal(all_five.pixels[3:], last_two.pixels)
    assert all_five.table[3:].reset_index(drop=True).equals(last_two.table)


def test_a_first_visit_does_not_depend_on_later_ones(kind: str) -> None:
    once, thrice = MAKERS[kind](2), MAKERS[kind](2, **{REPEATS[kind]: 3})
    np.testing.assert_array_equal(once.pixels, thrice.pixels[::3])
    assert once.table["id"].tolist() == thrice.table["id"].tolist()[::3]


def test_visits_can_differ_from_patient_to_patient(kind: str) -> None:
    table = MAKERS[kind](3, **{REPEATS[kind]: [1, 3, 2]}).table
    assert table["patient"].value_counts(sort=False).tolist() == [1, 3, 2]
    assert table["id"].is_unique


def test_images_of_a_patient_share_all_that_belongs_to_the_patient(kind: str) -> None:
    cohort = MAKERS[kind](4, **{REPEATS[kind]: 2})
    assert (cohort.table.groupby("patient")[["label", "sex", "age"]].nunique() == 1).all(axis=None)
    assert not np.array_equal(cohort.pixels[0], cohort.pixels[1])


@pytest.mark.parametrize("kind", ["slices", "films", "photos"])
def test_two_workers_give_the_bytes_of_one(kind: str) -> None:
    one, two = MAKERS[kind](3), MAKERS[kind](3, workers=2)
    assert one.pixels.tobytes() == two.pixels.tobytes()
    assert one.table.equals(two.table)


def test_all_that_is_wrong_with_a_request_is_said_at_once(kind: str) -> None:
    with pytest.raises(InputError) as caught:
        MAKERS[kind](0, first_patient=-1, size=4, **{REPEATS[kind]: [0]})
    places = {problem.where for problem in caught.value.problems}
    assert {"n_patients", "first_patient", "size", REPEATS[kind]} <= places
