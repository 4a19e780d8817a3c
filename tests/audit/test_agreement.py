"""Labelled pairs give the numbers that the statistics give of their columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calling import write_films
from cohorts import films, joined, noisy_copies, pixels_of
from doppelscan.audit.agreement import agreement
from doppelscan.errors import InputError
from doppelscan.images.preparation import Preparation
from doppelscan.seeds import stream
from doppelscan.statistics import auc, cohen_kappa, fleiss_kappa, sensitivity_at, sensitivity_specificity


def table(folder: Path, **columns: object) -> Path:
    names = [f"s{i}" for i in range(len(np.atleast_1d(next(iter(columns.values())))))]
    full = {"first": names, "second": [f"t{i}" for i in range(len(names))]} | columns
    rows = zip(*full.values(), strict=True)
    path = folder / "pairs.csv"
    path.write_text("\n".join([",".join(full), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def scored(n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    copy = np.arange(n) < n // 3
    return stream(0, "scores").normal(size=n) + 2 * copy, copy


def test_scores_and_a_threshold_give_every_estimate(tmp_path: Path) -> None:
    score, copy = scored()
    found = agreement(table(tmp_path, label=copy.astype(int), score=score), threshold=1.0)
    patient, flagged = np.arange(120), score > 1
    sensitivity, specificity = sensitivity_specificity(flagged, copy, patient)
    assert found.overall.estimates == {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "kappa": cohen_kappa(flagged.astype(int), copy.astype(int), patient),
        "auc": auc(score, copy, patient),
        "sensitivity_at_1_percent": sensitivity_at(score, copy, patient, 0.01),
        "sensitivity_at_5_percent": sensitivity_at(score, copy, patient, 0.05),
    }
    assert (found.n_pairs, found.overall.n_copies, found.overall.n_novel) == (120, 40, 80)
    assert (found.scored_by, found.threshold, found.between_readers) == ("table", 1.0, None)


def test_without_a_threshold_there_is_no_verdict(tmp_path: Path) -> None:
    score, copy = scored()
    found = agreement(table(tmp_path, label=copy.astype(int), score=score))
    assert {"auc", "sensitivity_at_1_percent", "sensitivity_at_5_percent"} == set(found.overall.estimates)


def test_verdicts_alone_need_no_image(tmp_path: Path) -> None:
    _, copy = scored(30)
    found = agreement(table(tmp_path, label=copy.astype(int), verdict=np.roll(copy, 1).astype(int)))
    assert {"sensitivity", "specificity", "kappa"} == set(found.overall.estimates)
    assert found.overall.estimates["sensitivity"].value == pytest.approx(0.9)
    assert found.scored_by is None


def test_intervals_are_by_patient(tmp_path: Path) -> None:
    score, copy = scored()
    apart = agreement(table(tmp_path, label=copy.astype(int), score=score), threshold=1.0)
    patient = np.arange(120) // 20
    together = agreement(table(tmp_path, label=copy.astype(int), score=score, patient=patient), threshold=1.0)
    assert together.overall.estimates["specificity"] != apart.overall.estimates["specificity"]
    sensitivity, _ = sensitivity_specificity(score > 1, copy, patient)
    assert together.overall.estimates["sensitivity"] == sensitivity


def test_readers_are_held_against_each_other_and_against_the_detector(tmp_path: Path) -> None:
    score, copy = scored(60)
    rng = stream(1)
    said = {name: copy ^ (rng.random(60) < 0.1) for name in ("A", "B", "C")}
    rows = [(f"s{i}", f"t{i}", name, int(labels[i])) for name, labels in said.items() for i in range(60)]
    first, second, reader, label = zip(*rows, strict=True)
    path = table(tmp_path, label=label, first=first, second=second, reader=reader, score=np.tile(score, 3))
    found = agreement(path)
    majority = np.sum(list(said.values()), axis=0) >= 2
    assert found.overall.estimates["auc"] == auc(score, majority, np.arange(60))
    assert found.by_reader["B"].estimates["auc"] == auc(score, said["B"], np.arange(60))
    yes = np.sum(list(said.values()), axis=0)
    assert found.between_readers == fleiss_kappa(np.column_stack([3 - yes, yes]), np.arange(60))


def test_two_readers_who_are_divided_leave_a_pair_out(tmp_path: Path) -> None:
    text = "first,second,reader,label,score\n" + "".join(
        f"s{i},t{i},{reader},{int(i < 5 or (i == 9 and reader == 'B'))},{-i}\n"
        for i in range(20)
        for reader in "AB"
    )
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    found = agreement(path)
    assert (found.n_pairs, found.n_tied) == (20, 1)
    assert (found.overall.n_copies, found.overall.n_novel) == (5, 14)
    assert found.by_reader["B"].n_copies == 6
    a, b = np.arange(20) < 5, (np.arange(20) < 5) | (np.arange(20) == 9)
    assert found.between_readers == cohen_kappa(a.astype(int), b.astype(int), np.arange(20))


def test_images_are_scored_where_the_table_has_no_score(tmp_path: Path) -> None:
    """Noisy copies must be told from films of other patients."""
    train = films(30)
    synthetic = joined(noisy_copies(train, list(range(10))), pixels_of(films(20, first=100)))
    write_films(tmp_path / "train", train)
    named = synthetic.table.assign(id=synthetic.table["id"] + ".png")
    write_films(tmp_path / "synthetic", type(synthetic)(named, synthetic.pixels), table=False)
    first = [f"synthetic/{name}" for name in named["id"]]
    second = [f"train/{name}" for name in train.table["id"]]
    label = ["copy"] * 10 + ["novel"] * 20
    path = table(tmp_path, label=label, first=first, second=second)
    found = agreement(path, threshold=0.9, preparation=Preparation(size=(16,)))
    assert found.scored_by == "pearson"
    assert found.overall.estimates["auc"].value == 1.0
    assert found.overall.estimates["sensitivity_at_1_percent"].value == 1.0
    assert found.overall.estimates["specificity"].value > 0.9


def test_only_copies_leave_specificity_unknown(tmp_path: Path) -> None:
    found = agreement(table(tmp_path, label=[1, 1, 1], score=[1, 2, 3]), threshold=1.5)
    assert not found.overall.estimates["specificity"].known
    assert not found.overall.estimates["auc"].known
    assert found.overall.estimates["sensitivity"].value == pytest.approx(2 / 3)


def test_what_changes_nothing_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, label=[1, 0], verdict=[1, 0])
    with pytest.raises(InputError) as refusal:
        agreement(path, threshold=0.5, preparation=Preparation(size=(16,)))
    assert [problem.where for problem in refusal.value.problems] == ["--threshold", "--size, --channels"]


def test_json_holds_every_estimate(tmp_path: Path) -> None:
    score, copy = scored(30)
    found = agreement(table(tmp_path, label=copy.astype(int), score=score), threshold=0.0)
    written = found.to_json()
    for name, estimate in found.overall.estimates.items():
        assert written["overall"][name] == estimate.to_json()
    assert written["between_readers"] is None
