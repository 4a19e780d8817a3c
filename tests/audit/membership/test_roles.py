"""Nobody is attacked who calibrates, members under another name are left out, too few patients are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cohorts import films, pixels_of
from doppelscan.audit.membership import MembershipSettings
from doppelscan.audit.membership.roles import Roles, Targets, cast, opened
from doppelscan.errors import InputError
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.together import Opener
from doppelscan.settings import Resources
from doppelscan.workers import silent

LITTLE = Resources(2**28, 1, "cpu")


def roles(train: ImageSet, holdout: ImageSet, **changes: int) -> Roles:
    return cast(train, holdout, None, settings=MembershipSettings(**changes), resources=LITTLE)


def patients(images: ImageSet) -> set[str]:
    return set(images.table["patient"])


def test_held_out_patients_are_reference_or_attacked_never_both() -> None:
    made = roles(films(20, each=2), films(30, first=50, each=2))
    members, others = made.targets.sides
    assert len(members) == 40
    assert patients(others) | patients(made.reference) == patients(made.holdout)
    assert not patients(others) & patients(made.reference)
    assert len(patients(made.reference)) == 10
    assert len(others) == 40


def test_rows_of_targets_are_members_first_and_patients_have_numbers_of_their_own() -> None:
    made = Targets((films(3, each=2), films(2, first=3)))
    assert made.member.tolist() == [True] * 6 + [False] * 2
    assert made.patient.tolist() == [0, 0, 1, 1, 2, 2, 3, 4]
    assert made.table["patient"].tolist() == ["p0", "p0", "p1", "p1", "p2", "p2", "p3", "p4"]


def test_the_same_few_patients_are_drawn_with_all_their_images() -> None:
    train, holdout = films(40, each=2), films(40, first=50)
    members, others = roles(train, holdout, n_patients=12).targets.sides
    assert (len(members), len(patients(members))) == (24, 12)
    assert len(others) == 12
    again = roles(train, holdout, n_patients=12).targets.sides[0]
    assert again.table["id"].tolist() == members.table["id"].tolist()
    assert (
        roles(train, holdout, n_patients=12, seed=1).targets.sides[0].table["id"].tolist()
        != members.table["id"].tolist()
    )


def test_a_held_out_patient_whose_film_is_trained_on_is_left_out_with_all_films() -> None:
    train, others = films(15), films(15, first=50, each=2)
    pixels = pixels_of(others)
    pixels[4] = train[3].pixels
    made = roles(train, ImageSet.from_arrays(pixels, others.table))
    assert made.n_twins == 1
    assert "p52" not in patients(made.targets.sides[1]) | patients(made.reference)
    copies = ImageSet.from_arrays(pixels_of(train), pd.DataFrame({"patient": [f"q{i}" for i in range(15)]}))
    with pytest.raises(InputError, match=r"shows 0 patients, and at least 10 .* besides those whose images"):
        roles(train, copies)


def test_everything_wrong_with_the_sets_is_said_at_once() -> None:
    opener = Opener(Preparation(), None, LITTLE, silent)
    with pytest.raises(InputError) as refused:
        opened(
            films(9),
            films(12, first=8),
            films(3, side=12),
            settings=MembershipSettings(encoder="none.pt"),
            opener=opener,
        )
    assert "none.pt" in str(refused.value)
    with pytest.raises(InputError) as refused:
        opened(films(9), films(12, first=8), films(3, side=12), settings=MembershipSettings(), opener=opener)
    said = str(refused.value)
    assert all(
        part in said for part in ("differ in shape", "both trained on and held out: p8", "shows 9 patients")
    )


def test_images_without_a_patient_count_as_one_each() -> None:
    train, holdout = films(12), films(30, first=50)
    unnamed = replace(holdout, table=holdout.table.assign(patient=None))
    made = roles(train, unnamed)
    assert not made.patients_known
    assert len(np.unique(made.targets.patient)) == 12 + 20
