"""Audits whose truth is known: a copycat must be caught, a fresh draw must not."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow
from scipy import ndimage

from calling import write_films
from cohorts import films, joined, noisy_copies, pixels_of
from doppelscan.audit import AuditSettings, audit
from doppelscan.estimates import Estimate
from doppelscan.findings import Findings, read_run
from doppelscan.findings.provenance import pixels_fingerprint
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet

TRAIN = films(150, each=2)
HOLDOUT = films(150, first=200)
NOVEL = films(100, first=400)
QUICK = AuditSettings(method="pearson", n_controls=30, n_draws=50)
SCHEMAS = Path(__file__).parents[2] / "docs/schemas"
SCHEMA, RECORD = (json.loads((SCHEMAS / f"{name}-1.schema.json").read_text()) for name in ("findings", "run"))


def holds(estimate: Estimate, truth: float) -> bool:
    return estimate.low - 1e-12 <= truth <= estimate.high + 1e-12


def audited(synthetic: ImageSet, **sets: ImageSet | None) -> Findings:
    return audit(**({"train": TRAIN, "holdout": HOLDOUT} | sets), synthetic=synthetic, settings=QUICK)


@pytest.mark.parametrize("share", [0, 5, 30, 100])
@pytest.mark.parametrize("noise", [0.0, 8.0])
def test_the_interval_of_copied_holds_the_share_that_was_planted(share: int, noise: float) -> None:
    copies = [noisy_copies(TRAIN, list(range(0, 2 * share, 2)), noise=noise)] if share else []
    novel = [pixels_of(NOVEL)[: 100 - share]] if share < 100 else []
    findings = audited(joined(*novel, *copies))
    assert holds(findings.copied, share / 100)
    assert holds(findings.excess_copied, share / 100)
    assert holds(findings.memorized, share / len(TRAIN))
    assert holds(findings.patients_exposed, share / 150)
    assert findings.copies_left.high >= 0
    jsonschema.validate(findings.to_json(), SCHEMA)


def test_planted_copies_are_flagged_and_named_with_their_patient(tmp_path: Path) -> None:
    synthetic = joined(pixels_of(NOVEL), noisy_copies(TRAIN, [10, 40, 91]))
    audit(train=TRAIN, holdout=HOLDOUT, synthetic=synthetic, settings=QUICK, out=tmp_path / "run")
    record = json.loads((tmp_path / "run/run.json").read_text())
    jsonschema.validate(record, RECORD)
    assert record["sets"]["synthetic"]["pixels"] == pixels_fingerprint(synthetic)
    matches = read_run(tmp_path / "run").matches
    best = matches[matches["rank"] == 1].reset_index(drop=True)
    assert best["copied"].to_numpy()[-3:].all()
    assert best["train_id"].tolist()[-3:] == TRAIN.table["id"].iloc[[10, 40, 91]].tolist()
    assert best["patient"].tolist()[-3:] == ["p5", "p20", "p45"]
    assert best["copied"][:-3].sum() <= 1


def test_exact_copies_are_copied_whatever_the_null(tmp_path: Path) -> None:
    few = HOLDOUT.take([0, 1])
    synthetic = joined(pixels_of(NOVEL), pixels_of(TRAIN)[[7]])
    audit(
        train=TRAIN.take(np.arange(12)),
        holdout=few,
        synthetic=synthetic,
        settings=QUICK,
        out=tmp_path / "run",
    )
    best = read_run(tmp_path / "run").matches.query("rank == 1")
    assert best["p_kind"].tolist()[-1] == "identical"
    assert best["copied"].tolist()[-1]


def test_smoothed_novel_images_are_no_copies() -> None:
    smooth = ndimage.gaussian_filter(pixels_of(NOVEL).astype(float), (0, 0, 1.2, 1.2)).astype(np.uint8)
    findings = audited(joined(smooth))
    assert findings.copied.value <= 0.02
    without_null_of_strangers = audit(train=TRAIN, synthetic=joined(smooth), settings=QUICK)
    assert not without_null_of_strangers.shift_controlled


def test_one_person_under_two_names_does_not_blind_the_audit() -> None:
    double = ImageSet.from_arrays(
        np.concatenate([pixels_of(HOLDOUT), noisy_copies(TRAIN, [33], noise=2)]),
        pd.concat([HOLDOUT.table, pd.DataFrame({"id": ["again"], "patient": ["q"]})], ignore_index=True),
    )
    synthetic = joined(pixels_of(NOVEL), noisy_copies(TRAIN, [10, 33, 40]))
    findings = audit(train=TRAIN, holdout=double, synthetic=synthetic, settings=QUICK)
    assert [(error.image_id, error.other_id) for error in findings.identity_errors] == [
        ("again", "p16-1.png")
    ]
    assert findings.copied.value == pytest.approx(3 / 103, abs=0.011)
    assert findings.copied_with_identity_errors.value < findings.copied.value


def test_copies_of_a_patient_with_many_films_expose_that_patient() -> None:
    many = films(1, first=900, each=12)
    train = ImageSet.from_arrays(
        np.concatenate([pixels_of(TRAIN), pixels_of(many)]),
        pd.concat([TRAIN.table, many.table], ignore_index=True),
    )
    synthetic = joined(pixels_of(NOVEL), noisy_copies(many, list(range(0, 12, 2))))
    findings = audit(train=train, holdout=HOLDOUT, synthetic=synthetic, settings=QUICK)
    assert findings.exposed[0] == "p900"
    assert len(findings.exposed) <= 2


def test_without_a_holdout_copies_are_still_found_and_the_lack_is_said() -> None:
    findings = audited(joined(pixels_of(NOVEL), noisy_copies(TRAIN, [10, 40, 91, 92, 120])), holdout=None)
    assert findings.statistic == "z"
    assert not findings.shift_controlled
    assert findings.copied.value == pytest.approx(5 / 105, abs=0.011)
    assert "no holdout" in findings.notes[0]


def test_images_that_were_stretched_otherwise_than_the_rest_are_counted(tmp_path: Path) -> None:
    settings = AuditSettings(method="pearson", n_controls=2, n_draws=2, preparation=Preparation(size=(16,)))
    sets = {
        part: write_films(tmp_path / part, films(n, first=first))
        for part, first, n in (("train", 0, 40), ("holdout", 100, 40), ("synthetic", 200, 6))
    }
    assert not any("proportions" in note for note in audit(**sets, settings=settings).notes)
    for name in ("p3-0.png", "p7-0.png"):
        with Pillow.open(sets["train"] / name) as film:
            film.crop((0, 0, 20, 12)).save(sets["train"] / name)
    (note,) = (note for note in audit(**sets, settings=settings).notes if "proportions" in note)
    assert note.startswith(
        "Resizing changed the proportions of 2 images otherwise than those of most (train 2):"
    )


TOO_LARGE = "p-values are too large"


def test_grainy_images_that_match_everything_less_well_are_noted() -> None:
    chance = np.random.default_rng(0)
    novel = pixels_of(NOVEL)
    grainy = np.clip(novel + chance.normal(0, 60, novel.shape), 0, 255).astype(np.uint8)
    for copies in ([], [noisy_copies(TRAIN, list(range(0, 40, 2)))]):
        (note,) = (note for note in audited(joined(grainy, *copies)).notes if TOO_LARGE in note)
        assert note.startswith("Of the 100 synthetic images that are not flagged")


@pytest.mark.parametrize("share", [0, 5, 30])
def test_images_like_real_ones_are_not_said_to_have_too_large_p_values(share: int) -> None:
    copies = [noisy_copies(TRAIN, list(range(0, 2 * share, 2)))] if share else []
    assert not any(TOO_LARGE in note for note in audited(joined(pixels_of(NOVEL), *copies)).notes)


def test_patients_unknown_are_counted_as_images_and_it_is_said() -> None:
    anonymous = ImageSet.from_arrays(pixels_of(TRAIN))
    findings = audited(joined(pixels_of(NOVEL)), train=anonymous)
    assert not findings.patients_known
    assert findings.n_patients == len(TRAIN)
    assert any("name no patient" in note for note in findings.notes)


def test_a_constant_image_is_undefined_and_never_flagged(tmp_path: Path) -> None:
    synthetic = joined(np.full((1, 1, 20, 20), 77, np.uint8), pixels_of(NOVEL)[:20])
    findings = audit(train=TRAIN, holdout=HOLDOUT, synthetic=synthetic, settings=QUICK, out=tmp_path / "run")
    first = read_run(tmp_path / "run").matches.iloc[0]
    assert (first["p_kind"], first["p_value"], first["copied"]) == ("undefined", 1.0, False)
    assert pd.isna(first["train_id"])
    assert findings.undefined_scores == 1


def test_the_dar_calibration_is_the_paper_s_percentile() -> None:
    settings = AuditSettings(method="pearson", calibration="dar", n_controls=20, n_draws=10)
    findings = audit(train=TRAIN, holdout=HOLDOUT, synthetic=joined(pixels_of(NOVEL)), settings=settings)
    flat = [pixels_of(images).reshape(len(images), -1).astype(float) for images in (TRAIN, HOLDOUT)]
    correlation = np.corrcoef(*flat)[: len(TRAIN), len(TRAIN) :]
    assert findings.threshold == pytest.approx(np.quantile(correlation.max(axis=1), 0.95))
    assert findings.copied.value > 0  # its built-in 5% is never subtracted
    assert not findings.shift_controlled


def test_a_fixed_threshold_flags_what_lies_above_it() -> None:
    settings = AuditSettings(method="pearson", calibration="fixed", threshold=0.97, n_controls=20, n_draws=10)
    synthetic = joined(pixels_of(NOVEL), noisy_copies(TRAIN, [1, 2], noise=1))
    findings = audit(train=TRAIN, holdout=HOLDOUT, synthetic=synthetic, settings=settings)
    assert (findings.threshold, findings.copied.value) == (0.97, 2 / 102)


def test_volumes_and_colour_are_audited_alike() -> None:
    for shape in ((3, 8, 9), (2, 6, 7, 8)):
        chance = np.random.default_rng(0)
        train, holdout, novel = (chance.integers(0, 255, (n, *shape)).astype(np.uint8) for n in (60, 60, 30))
        copies = np.clip(train[:6] + chance.normal(0, 5, train[:6].shape), 0, 255).astype(np.uint8)
        findings = audit(
            train=ImageSet.from_arrays(train),
            holdout=ImageSet.from_arrays(holdout),
            synthetic=joined(novel, copies),
            settings=QUICK,
        )
        assert holds(findings.copied, 6 / 36), shape


def test_the_same_seed_gives_the_same_findings_on_any_number_of_workers() -> None:
    from doppelscan.settings import Resources

    synthetic = joined(pixels_of(NOVEL), noisy_copies(TRAIN, [10, 40]))
    said = [
        audit(
            train=TRAIN, holdout=HOLDOUT, synthetic=synthetic, settings=QUICK, resources=resources
        ).to_json()
        for resources in (Resources(workers=1), Resources(workers=3, memory=2**20 * 40))
    ]
    assert json.dumps(said[0]) == json.dumps(said[1])


def test_one_synthetic_image_is_enough() -> None:
    assert audited(joined(pixels_of(NOVEL)[:1])).n_synthetic == 1
