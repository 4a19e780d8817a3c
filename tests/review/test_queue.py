"""The queue: most suspicious first, controls where a seed puts them, and nothing in it twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.findings import IdentityError, Run, most_suspicious, read_run
from doppelscan.review import QueueSettings
from doppelscan.review.queue import queue_of


@pytest.fixture(scope="module")
def record(audited: Path) -> Run:
    return read_run(audited)


def test_audited_pairs_come_in_order_of_suspicion(record: Run) -> None:
    queue = queue_of(record, QueueSettings(n_pairs=7, n_controls=4))
    names = [pair.key.synthetic_id for pair in queue if not pair.key.control]
    assert names == most_suspicious(record.matches)["synthetic_id"].tolist()[:7]
    assert set(names[:3]) == {"000000.png", "000001.png", "000002.png"}


def test_controls_are_of_both_kinds_and_of_this_run(record: Run) -> None:
    queue = queue_of(record, QueueSettings(n_pairs=5, n_controls=4))
    kinds = [pair.key.control for pair in queue]
    assert (kinds.count("copy"), kinds.count("novel"), kinds.count("")) == (4, 4, 5)
    planted = record.controls[record.controls["arm"] == "copy"].set_index("image_id")
    for pair in queue:
        if pair.key.control == "copy":
            assert planted.loc[pair.key.synthetic_id, "source_id"] == pair.key.train_id
            assert planted.loc[pair.key.synthetic_id, "transform"] == pair.transform


def test_held_out_images_are_those_most_like_a_copy(record: Run) -> None:
    queue = queue_of(record, QueueSettings(n_controls=3))
    held = record.nulls[record.nulls["arm"] == "calibration"]
    nearest = held.sort_values("statistic", ascending=False)["image_id"].head(3)
    shown = {pair.key.synthetic_id for pair in queue if pair.key.control == "novel"}
    assert shown == set(nearest)
    assert {pair.found_in for pair in queue if pair.key.control == "novel"} == {"holdout"}


@given(st.integers(1, 30), st.integers(0, 80), st.integers(0, 2**40))
@settings(max_examples=25, deadline=None)
def test_the_queue_is_the_same_for_a_seed_and_holds_each_pair_once(
    record: Run, n_pairs: int, n_controls: int, seed: int
) -> None:
    chosen = QueueSettings(n_pairs, n_controls, seed)
    queue = queue_of(record, chosen)
    assert queue == queue_of(record, chosen)
    assert len({pair.key for pair in queue}) == len(queue)
    assert sum(not pair.key.control for pair in queue) == min(n_pairs, 12)


def test_another_seed_puts_controls_elsewhere(record: Run) -> None:
    places = {
        tuple(bool(pair.key.control) for pair in queue_of(record, QueueSettings(12, 3, seed)))
        for seed in range(5)
    }
    assert len(places) > 1


def test_images_of_doubtful_identity_are_no_controls(record: Run) -> None:
    first = next(
        pair.key.synthetic_id for pair in queue_of(record, QueueSettings(1, 1)) if pair.key.control == "novel"
    )
    error = IdentityError(first, "a", "other", "b", "calibration", 0.99, 2.0, "near-identical pixels")
    doubtful = replace(record, findings=replace(record.findings, identity_errors=(error,)))
    queue = queue_of(doubtful, QueueSettings(1, 30))
    assert first not in {pair.key.synthetic_id for pair in queue}
    assert len([pair for pair in queue if pair.key.control == "novel"]) == 19


def test_without_a_holdout_training_images_stand_beside_those_of_other_patients(record: Run) -> None:
    nulls = record.nulls.assign(arm="leave_patient_out")
    queue = queue_of(replace(record, nulls=nulls), QueueSettings(1, 3))
    assert {pair.found_in for pair in queue if pair.key.control == "novel"} == {"train"}


def test_a_synthetic_image_without_a_match_is_not_read(record: Run) -> None:
    matches = record.matches.copy()
    matches.loc[matches["synthetic_id"] == "000005.png", "train_id"] = None
    queue = queue_of(replace(record, matches=matches), QueueSettings(100, 0))
    assert len(queue) == 11
