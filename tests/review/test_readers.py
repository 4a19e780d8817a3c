"""Readers against the detector, against the controls, and against each other: known answers."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.errors import InputError
from doppelscan.findings import NULLS, read_run
from doppelscan.review import QueueSettings, exported, readers_of
from doppelscan.review.queue import queue_of
from doppelscan.review.recalibrating import recalibrated
from doppelscan.review.verdicts import Label, PairKey, Verdicts
from doppelscan.store import write_table

COPIES = {"000000.png", "000001.png", "000002.png"}


def review(run: Path, *readers: str, but: dict[tuple[str, str], Label] | None = None) -> None:
    """Every reader says the truth, but where `but` says otherwise, by reader and first image."""
    verdicts = Verdicts(run)
    for pair in queue_of(read_run(run), QueueSettings(100, 4)):
        true = pair.key.control == "copy" or (not pair.key.control and pair.key.synthetic_id in COPIES)
        for reader in readers:
            label = (but or {}).get((reader, pair.key.synthetic_id), "copy" if true else "novel")
            verdicts.add(reader, pair.key, label, "", "f")
    verdicts.close()


def test_readers_who_know_the_truth_find_the_audit_right(run: Path) -> None:
    review(run, "Ada", "Ben")
    found = readers_of(run)
    assert (found.n_pairs, found.n_tied, found.n_gone) == (12, 0, 0)
    assert (found.overall.n_copies, found.overall.n_others) == (3, 9)
    for one in (found.overall, *found.by_reader.values()):
        assert (one.sensitivity.value, one.specificity.value, one.kappa.value) == (1, 1, 1)
        assert one.sensitivity.low < 0.5
    assert set(found.known) == {"Ada", "Ben"}
    assert found.known["Ada"].sensitivity.value == 1
    assert found.known["Ada"].false_alarms.value == 0
    assert found.known["Ada"].false_alarms.n == 4
    assert found.fleiss is not None
    assert found.fleiss.value == 1
    assert found.cohen["Ada", "Ben"].value == 1
    assert found.threshold is not None
    assert found.threshold.sensitivity.value == found.threshold.specificity.value == 1
    statistic = read_run(run).matches.query("rank == 1").set_index("synthetic_id")["statistic"]
    assert statistic.drop(list(COPIES)).max() < found.threshold.threshold < statistic[list(COPIES)].min()


def test_the_readers_are_the_reference_even_where_the_audit_knows_better(run: Path) -> None:
    review(run, "Ada", but={("Ada", "000000.png"): "novel", ("Ada", "000007.png"): "copy"})
    overall = readers_of(run).overall
    assert overall.sensitivity.value == pytest.approx(2 / 3)
    assert overall.specificity.value == pytest.approx(8 / 9)


def test_most_readers_decide_and_a_tie_decides_nothing(run: Path) -> None:
    but: dict[tuple[str, str], Label] = {
        ("Ada", "000005.png"): "copy",
        ("Ben", "000006.png"): "unsure",
        ("Ada", "000006.png"): "copy",
    }
    review(run, "Ada", "Ben", but=but)
    found = readers_of(run)
    assert found.n_tied == 1
    assert (found.overall.n_copies, found.overall.n_others) == (4, 7)
    assert (found.by_reader["Ben"].n_copies, found.by_reader["Ben"].n_others) == (3, 8)
    assert found.cohen["Ada", "Ben"].value < 1
    assert found.cohen["Ada", "Ben"].n == 11


def test_unsure_is_a_miss_where_the_truth_is_known_and_same_patient_no_copy(run: Path) -> None:
    known = [
        pair.key.synthetic_id
        for pair in queue_of(read_run(run), QueueSettings(100, 4))
        if pair.key.control == "copy"
    ]
    unseen = [
        pair.key.synthetic_id
        for pair in queue_of(read_run(run), QueueSettings(100, 4))
        if pair.key.control == "novel"
    ]
    but: dict[tuple[str, str], Label] = {
        ("Ada", known[0]): "unsure",
        ("Ada", unseen[0]): "copy",
        ("Ada", unseen[1]): "same_patient",
        ("Ada", "000003.png"): "same_patient",
    }
    review(run, "Ada", but=but)
    found = readers_of(run)
    assert found.known["Ada"].sensitivity.value == 0.75
    assert found.known["Ada"].false_alarms.value == 0.25
    assert found.overall.n_others == 9


def test_held_out_images_of_unknown_patients_are_each_of_a_patient_of_its_own(run: Path) -> None:
    review(run, "Ada")
    nulls, found = read_run(run).nulls, []
    for patient in (None, nulls["image_id"]):
        write_table(run / "nulls.parquet", nulls.assign(patient=patient), NULLS)
        found.append(readers_of(run).known["Ada"].to_json())
    assert found[0] == found[1]


def test_of_three_readers_there_are_three_kappas_and_one_of_all(run: Path) -> None:
    review(run, "Ada", "Ben", "Cem", but={("Cem", "000004.png"): "same_patient"})
    found = readers_of(run)
    assert set(found.cohen) == {("Ada", "Ben"), ("Ada", "Cem"), ("Ben", "Cem")}
    assert found.fleiss is not None
    assert found.fleiss_of_labels is not None
    assert found.fleiss.value == 1 > found.fleiss_of_labels.value


def test_one_reader_has_nobody_to_agree_with(run: Path) -> None:
    review(run, "Ada")
    found = readers_of(run)
    assert found.fleiss is None
    assert found.cohen == {}
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["n_pairs"] == 12


def test_verdicts_on_pairs_that_the_run_no_longer_has_count_nowhere(run: Path) -> None:
    review(run, "Ada")
    verdicts = Verdicts(run)
    verdicts.add("Ada", PairKey("000000.png", "another"), "novel", "", "f")
    verdicts.close()
    found = readers_of(run)
    assert found.n_gone == 1
    assert found.n_pairs == 12


def test_a_run_that_nobody_read_is_refused(run: Path) -> None:
    with pytest.raises(InputError, match="nobody has read"):
        readers_of(run)
    with pytest.raises(InputError, match="nobody has read"):
        exported(run)


def test_what_is_exported_is_what_pairs_are_read_from(run: Path, tmp_path: Path) -> None:
    from doppelscan.audit.agreement import agreement

    review(run, "Ada", "Ben", but={("Ben", "000003.png"): "unsure", ("Ben", "000004.png"): "same_patient"})
    table = exported(run)
    assert len(table) == 23
    assert set(table["label"]) == {"copy", "novel"}
    assert table.loc[table["said"] == "same_patient", "label"].tolist() == ["novel"]
    table.to_csv(tmp_path / "verdicts.csv", index=False)
    read = agreement(tmp_path / "verdicts.csv")
    assert read.n_pairs == 12
    assert read.overall.estimates["sensitivity"] == readers_of(run).overall.sensitivity
    assert read.overall.estimates["specificity"] == readers_of(run).overall.specificity
    assert read.between_readers is not None


def test_an_undefined_statistic_is_the_lowest(run: Path) -> None:
    import pyarrow.parquet as pq

    from doppelscan.findings import MATCHES
    from doppelscan.store import write_table

    matches = pq.read_table(run / "matches.parquet").to_pandas()
    matches.loc[matches["synthetic_id"] == "000009.png", "statistic"] = np.nan
    write_table(run / "matches.parquet", matches, MATCHES)
    review(run, "Ada")
    assert exported(run).set_index("first")["score"]["000009.png"] == -np.inf
    assert readers_of(run).threshold is not None


SCORES = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 4)), min_size=1, max_size=25)


@given(SCORES)
@settings(max_examples=60, deadline=None)
def test_the_threshold_is_the_best_there_is_on_other_patients(rows: list[tuple[int, bool, int]]) -> None:
    score, copy, patient = (np.array(column) for column in zip(*rows, strict=True))
    score, patient = score.astype(float), patient.astype(np.int64)
    found = recalibrated(score, copy, patient)
    if len(set(patient[copy])) < 2 or len(set(patient[~copy])) < 2:
        assert found is None
        return
    assert found is not None

    def sum_at(threshold: float, kept: np.ndarray) -> Fraction:
        right = [
            Fraction(int(np.sum(hit)), hit.size)
            for hit in (score[kept & copy] > threshold, score[kept & ~copy] <= threshold)
        ]
        return sum(right, Fraction(0))

    everyone = np.ones(len(score), dtype=bool)
    cuts = (np.unique(score)[:-1] + np.unique(score)[1:]) / 2
    if len(cuts):
        assert sum_at(found.threshold, everyone) == max(sum_at(cut, everyone) for cut in cuts)
    flagged = np.zeros(len(score), dtype=bool)
    for one in set(patient):
        mine = patient == one
        own = np.unique(score[~mine])
        between = [(a + b) / 2 for a, b in pairwise(own)] or [own[0]]
        best = max(reversed(between), key=lambda cut: sum_at(cut, ~mine))
        flagged[mine] = score[mine] > best
    assert found.sensitivity.value == pytest.approx(flagged[copy].mean())
    assert found.specificity.value == pytest.approx((~flagged[~copy]).mean())


def test_rates_of_a_threshold_on_other_patients_do_not_flatter_it() -> None:
    chance = np.random.default_rng(0)
    score, copy = chance.normal(size=40), np.arange(40) % 2 == 0
    found = recalibrated(score, copy, np.arange(40))
    assert found is not None
    own = (score[copy] > found.threshold).mean() + (score[~copy] <= found.threshold).mean()
    assert found.sensitivity.value + found.specificity.value < own


def test_infinite_statistics_leave_the_threshold_finite() -> None:
    score = np.array([-np.inf, -np.inf, 0.2, np.inf, np.inf])
    found = recalibrated(score, score > 1, np.arange(5))
    assert found is not None
    assert found.threshold == 0.2
    assert pd.notna(found.threshold)
