"""What is noted of few planted copies and of small images; the other notes are tested where what they tell of is."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts import films
from doppelscan.audit import AuditSettings
from doppelscan.audit.evidence import Evidence, gather
from doppelscan.audit.inputs import Sets
from doppelscan.audit.notes import few_planted, small_images
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources


def evidence(n_train: int) -> Evidence:
    """That of a small audit by pixels, which plants copies of five patients."""
    made = films(4, first=200)
    sets = Sets(films(n_train), ImageSet.from_arrays(made.read(0, 4)), films(12, first=100))
    settings = AuditSettings(method="pearson", n_controls=5)
    return gather(sets, settings, resources=Resources(workers=1, device="cpu"))


def test_a_quick_audit_says_how_few_patients_its_power_rests_on_and_what_would_narrow_it() -> None:
    (note,) = few_planted(evidence(30), AuditSettings(effort="quick"))
    assert note.startswith("The power rests on 50 planted copies of 5 patients,")
    assert "--effort standard plants copies of 30 patients" in note


@pytest.mark.parametrize(
    ("n_train", "settings"),
    [
        (30, AuditSettings()),
        (30, AuditSettings(effort="quick", n_controls=5)),
        (5, AuditSettings(effort="quick")),
    ],
)
def test_where_a_standard_audit_would_plant_no_more_nothing_is_noted(
    n_train: int, settings: AuditSettings
) -> None:
    assert list(few_planted(evidence(n_train), settings)) == []


@pytest.mark.parametrize(("side", "noted"), [(20, True), (47, True), (48, False)])
def test_that_images_are_small_for_the_default_method_is_noted(side: int, noted: bool) -> None:
    images = films(2, side=side)
    assert len(list(small_images(images, AuditSettings()))) == noted
    assert list(small_images(images, AuditSettings(method="pearson"))) == []


def test_volumes_are_small_and_need_no_note() -> None:
    volumes = ImageSet.from_arrays(np.zeros((2, 1, 9, 9, 9), np.uint8))
    assert list(small_images(volumes, AuditSettings())) == []
