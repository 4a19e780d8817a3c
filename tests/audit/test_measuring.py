"""Power is what planted copies show: of known answer, the same on any machine, and kept over interruptions."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calling import bytes_of
from cohorts import films, pixels_of
from doppelscan.audit import PowerSettings, learning, planted, power
from doppelscan.encoders.contrastive import ContrastiveSettings, fitted
from doppelscan.errors import InputError
from doppelscan.findings.power import Detection, Power, read_power
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from realdata import real_data

TRAIN, HOLDOUT = films(60, each=2), films(40, first=100)
FEW = PowerSettings(
    transforms=("exact", "noise", "flip", "blend", "quarter"), strengths=(0.5, 1.0), n_patients=8
)
RESOURCES = Resources(memory=2**28, workers=1)


def measured(settings: PowerSettings = FEW, **given: object) -> Power:
    sets = {"train": TRAIN, "holdout": HOLDOUT, "resources": RESOURCES}
    return power(**(sets | given), settings=settings)  # type: ignore[arg-type]


@cache
def plain() -> Power:
    """What pixels find."""
    return measured()


def of(found: Power, transform: str, fraction: float | None = 1.0, method: str = "pearson") -> Detection:
    (one,) = (
        one
        for one in found.detections
        if (one.transform, one.fraction, one.method) == (transform, fraction, method)
    )
    return one


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> list[ImageSet]:
    """The sets that encoders are trained on, for one epoch."""
    sets: list[ImageSet] = []

    def briefly(images: ImageSet, settings: ContrastiveSettings, **named: object) -> object:
        sets.append(images)
        return fitted(images, ContrastiveSettings(epochs=1, side=20), **named)  # type: ignore[arg-type]

    monkeypatch.setattr(learning, "fitted", briefly)
    return sets


def test_exact_copies_are_found_and_mirrored_ones_are_not_by_pixels() -> None:
    found = plain()
    exact, flip = of(found, "exact", None), of(found, "flip", None)
    assert exact.sensitivity_at_1_percent.value == exact.auc.value == exact.named.value == 1
    assert flip.sensitivity_at_1_percent.value < 0.5
    assert (exact.n_copies, exact.n_novel, found.n_planted, found.n_unseen) == (8, 8, 8, 8)
    assert of(found, "blend", 0.5).sensitivity_at_1_percent.value == of(found, "blend", 0.5).named.value == 1
    assert of(found, "quarter").sensitivity_at_1_percent.value < 0.5
    assert of(found, "quarter").outlined.value <= of(found, "quarter").sensitivity_at_1_percent.value
    assert not exact.outlined.known
    assert [(one.list, one.transform) for one in found.detections if one.list != "standard"] == [
        ("hard", "blend"), ("hard", "blend"), ("parts", "quarter"), ("parts", "quarter"),
    ]  # fmt: skip


def test_what_is_said_of_the_sets_is_so() -> None:
    found = plain()
    assert (found.n_train, found.n_train_patients, found.n_holdout, found.n_holdout_patients) == (
        120,
        60,
        40,
        40,
    )
    assert found.patients_known
    assert not found.split_off
    assert found.notes == (found.notes[0],)
    assert found.notes[0].startswith("Novel images are of 8 patients")


def test_everything_is_written_and_read_again(tmp_path: Path) -> None:
    found = measured(out=tmp_path / "power")
    again, table = read_power(tmp_path / "power")
    assert again == found
    n_changes = 1 + 2 + 1 + 2 + 2
    assert len(table) == 2 * 8 * n_changes
    copies = table[table["arm"] == "copy"]
    assert set(copies["source_id"]) <= set(TRAIN.table["id"])
    assert set(table.loc[table["arm"] == "novel", "source_id"]) <= set(HOLDOUT.table["id"])
    assert (copies["best_id"][copies["named"]] == copies["source_id"][copies["named"]]).all()
    assert not table.loc[table["arm"] == "novel", "named"].any()
    parts = copies["list"] == "parts"
    assert copies.loc[parts, "overlap"].between(0, 1).all()
    assert table["overlap"].notna().sum() == parts.sum() == 2 * 8
    assert (copies.loc[parts & ~copies["named"], "overlap"] == 0).all()


@pytest.mark.parametrize("resources", [Resources(2**19, 1), Resources(2**28, 3)], ids=["memory", "workers"])
def test_neither_memory_nor_workers_change_a_number(resources: Resources, tmp_path: Path) -> None:
    found = measured(out=tmp_path, resources=resources)
    assert found == plain()
    assert read_power(tmp_path)[0] == found


def test_what_was_matched_is_not_matched_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = measured(out=tmp_path)
    written = bytes_of(tmp_path)
    monkeypatch.setattr(planted, "changed", None)
    assert measured(out=tmp_path) == first == plain()
    assert bytes_of(tmp_path) == written
    with pytest.raises(TypeError):
        measured(replace(FEW, seed=1))


def test_without_a_holdout_half_of_the_patients_are_held_out() -> None:
    found = measured(holdout=None)
    assert found.split_off
    assert (found.n_train_patients, found.n_holdout_patients) == (30, 30)
    assert "no holdout" in found.notes[0]
    assert of(found, "exact", None).sensitivity_at_1_percent.value == 1


def test_naming_the_twin_of_a_source_is_right() -> None:
    twice = pd.concat([TRAIN.table, TRAIN.table.assign(id=lambda table: "again-" + table["id"])])
    doubled = ImageSet.from_arrays(np.concatenate([pixels_of(TRAIN)] * 2), twice)
    found = measured(train=doubled)
    assert of(found, "exact", None).named.value == 1
    assert of(found, "noise").named.value == 1


def test_held_out_twins_of_training_images_do_not_hide_copies() -> None:
    twins = TRAIN.take([0, 2]).table.assign(id=["t0.png", "t1.png"], patient=["t0", "t1"])
    held = ImageSet.from_arrays(
        np.concatenate([pixels_of(HOLDOUT), pixels_of(TRAIN)[[0, 2]]]), pd.concat([HOLDOUT.table, twins])
    )
    found = measured(replace(FEW, n_patients=60), holdout=held)
    assert of(found, "exact", None).sensitivity_at_1_percent.value == 1
    assert "near-identical" in found.notes[-1]


def test_methods_meet_the_same_planted_images(encoder: list[ImageSet], tmp_path: Path) -> None:
    both = replace(FEW, methods=("pearson", "contrastive"), transforms=("exact", "flip", "quarter"))
    found = measured(both, out=tmp_path)
    _, table = read_power(tmp_path)
    sources = [table.loc[table["method"] == method, "source_id"].tolist() for method in both.methods]
    assert sources[0] == sources[1]
    learnt_from = {name.removeprefix("holdout/") for name in encoder[0].table["id"]}
    assert not learnt_from & set(table.loc[table["arm"] == "novel", "source_id"])
    assert found.methods == both.methods
    mirrored = [of(found, "flip", None, method).named.value for method in both.methods]
    assert mirrored[1] > mirrored[0]


def test_an_image_of_no_known_patient_counts_as_one() -> None:
    unnamed = ImageSet.from_arrays(pixels_of(TRAIN), TRAIN.table.drop(columns="patient"))
    found = measured(train=unnamed, holdout=None)
    assert found.n_train_patients == 60
    assert found.notes[0].startswith("Some images name no patient")


@pytest.mark.parametrize(
    ("sets", "problems"),
    [
        ({"train": "nowhere", "holdout": "neither"}, ["nowhere", "neither"]),
        ({"train": films(7), "holdout": None}, ["shows 7 patients, and at least 8 are needed, half of them"]),
        ({"holdout": films(3, first=100)}, ["shows 3 patients, and at least 4 are needed"]),
        (
            {"train": films(1), "holdout": films(3)},
            ["both trained on and held out: p0", "shows 1 patients", "shows 3 patients"],
        ),
        ({"holdout": films(40, first=100, side=16)}, ["train 1x20x20, holdout 1x16x16"]),
    ],
)
def test_all_that_is_wrong_with_the_sets_is_said_at_once(
    sets: dict[str, object], problems: list[str]
) -> None:
    with pytest.raises(InputError) as refusal:
        measured(**sets)
    assert len(refusal.value.problems) == len(problems)
    for said, problem in zip(refusal.value.problems, problems, strict=True):
        assert problem in str(said)


def test_constant_images_and_volumes_are_measured() -> None:
    chance = np.random.default_rng(0)
    volumes = chance.normal(0, 100, (16, 2, 6, 7, 5)).astype(np.float32)
    volumes[3] = 7
    found = power(train=ImageSet.from_arrays(volumes), settings=FEW, resources=RESOURCES)
    assert 0.8 < of(found, "exact", None).sensitivity_at_5_percent.value <= 1
    assert of(found, "exact", None).auc.known


def test_real_films_are_measured() -> None:
    found = power(
        train=real_data("chest_xray_64"),
        settings=PowerSettings(
            transforms=("exact", "flip"),
            n_patients=30,
        ),
        resources=RESOURCES,
    )
    assert of(found, "exact", None).sensitivity_at_1_percent.value > 0.9
    assert of(found, "flip", None).sensitivity_at_1_percent.value < 0.5
