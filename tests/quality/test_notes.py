"""Each note stands where its reason is, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cohorts import films
from doppelscan.estimates import Estimate
from doppelscan.findings.quality import Measured, TwoSample
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.imageset import Unreadable
from doppelscan.quality.inputs import Sets
from doppelscan.quality.measures import Seen
from doppelscan.quality.notes import notes
from doppelscan.quality.settings import QualitySettings

from .clouds import cloud, features

INCEPTION = QualitySettings(encoder="weights.pth")
FAIR = TwoSample("pixels", Estimate(0.5, 0.4, 0.6, 9), 0.5, 0.5, 0.5)


def said(
    *,
    fid: float = 3.0,
    test: TwoSample | None = FAIR,
    settings: QualitySettings = INCEPTION,
    learnt: ImageSet | None = None,
    d: int = 4,
    real: ImageSet | None = None,
    n_patients: int = 40,
) -> list[str]:
    at = Estimate(fid, fid - 1, fid + 1, 9)
    measured = (Measured("fid", at, at, Estimate(3.0, 2.0, 4.0, 9)),)
    seen = Seen(features(cloud(40, d), 40 // n_patients), features(cloud(40, d, seed=1)), None)
    sets = Sets(real or films(40), films(40, first=90), None)
    return list(notes(sets, seen, learnt, measured, () if test is None else (test,), settings))


def test_where_nothing_is_amiss_nothing_is_said() -> None:
    assert said() == []
    assert said(test=None) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fid": 1.5}, "nearer to the real one than real images of other patients are"),
        (
            {"test": replace(FAIR, p_value=0.001)},
            "nearer to trained patients than to held-out ones (by pixels)",
        ),
        ({"test": replace(FAIR, p_sides=0.0005)}, "differ by themselves"),
        ({"test": replace(FAIR, p_opposite=0.0005)}, "were the sets exchanged"),
        ({"d": 30}, "few images for vectors of 30 numbers"),
        ({"n_patients": 1}, "With one real patient"),
        ({"settings": QualitySettings(encoder="folder")}, "another encoder than Inception's"),
    ],
)
def test_each_reason_has_its_note(changes: dict[str, object], words: str) -> None:
    (note,) = said(**changes)  # type: ignore[arg-type]
    assert words in note


def test_what_an_encoder_does_not_see_is_said() -> None:
    first, _ = said(settings=QualitySettings(encoder="pixels"))
    assert "sharpness and noise do not show" in first
    first, _ = said(settings=QualitySettings(), learnt=films(6, each=2))
    assert "12 real images of 6 patients, which are not measured" in first


def test_unknown_patients_and_unreadable_files_are_counted() -> None:
    known = films(40)
    patient = known.table["patient"].where(np.arange(40) > 2, None)
    (note,) = said(real=replace(known, table=known.table.assign(patient=patient)))
    assert note.startswith("3 real images name no patient")
    (note,) = said(real=replace(known, unreadable=(Unreadable("a.png", "cut off"),)))
    assert note == "1 files of the real set could not be read; run.json lists them."


def test_an_encoder_that_learnt_from_what_is_measured_is_said() -> None:
    first, *_ = said(settings=QualitySettings())
    assert "learnt from the very images that are measured" in first
