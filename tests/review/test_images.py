"""The images of a pair are those that the audit scored, known copies too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cohorts import films
from doppelscan.errors import UnreadableImage
from doppelscan.findings import read_run
from doppelscan.review import QueueSettings
from doppelscan.review.images import Images
from doppelscan.review.queue import QueuedPair, queue_of
from doppelscan.review.verdicts import PairKey


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.astype(float).ravel(), b.astype(float).ravel())[0, 1])


def test_every_known_copy_has_the_score_that_the_audit_gave_it(audited: Path) -> None:
    record = read_run(audited)
    images, controls = Images.of(record.record, {}), record.controls.set_index("image_id")
    checked = 0
    for pair in queue_of(record, QueueSettings(1, 1000)):
        if pair.key.control == "copy" and controls.loc[pair.key.synthetic_id, "named"]:
            copy, source = images(pair)
            score = controls.loc[pair.key.synthetic_id, "score"]
            assert correlation(copy.pixels, source.pixels) == pytest.approx(score, abs=1e-5)
            checked += 1
    assert checked >= 25


def test_audited_and_held_out_pairs_have_the_scores_of_the_run(audited: Path) -> None:
    record = read_run(audited)
    images = Images.of(record.record, {})
    best = record.matches[record.matches["rank"] == 1].set_index("synthetic_id")["score"]
    null = record.nulls[record.nulls["arm"] == "calibration"].set_index("image_id")["score"]
    for pair in queue_of(record, QueueSettings(12, 5)):
        if pair.key.control != "copy":
            first, training = images(pair)
            score = (null if pair.key.control else best)[pair.key.synthetic_id]
            assert correlation(first.pixels, training.pixels) == pytest.approx(score, abs=1e-5)


def test_sets_that_have_moved_are_taken_from_where_they_are(audited: Path) -> None:
    record = read_run(audited)
    lost = {"seed": 0, "sets": {}, "settings": {}}
    moved = Images.of(lost, {"train": films(30), "synthetic": films(3)})
    first, training = moved(QueuedPair(PairKey("p1-0.png", "p2-0.png")))
    assert first.stored.shape == training.stored.shape == (1, 20, 20)
    with pytest.raises(UnreadableImage, match="does not say where"):
        Images.of(lost, {})(QueuedPair(PairKey("p1-0.png", "p2-0.png")))
    assert record.record["sets"]["train"]["path"]


def test_images_of_different_shapes_are_not_those_that_were_audited(audited: Path) -> None:
    images = Images.of(read_run(audited).record, {"synthetic": films(3, side=24)})
    with pytest.raises(UnreadableImage, match="differ in shape"):
        images(QueuedPair(PairKey("p1-0.png", "p2-0.png")))
    with pytest.raises(UnreadableImage, match="holds no image"):
        images(QueuedPair(PairKey("nobody", "p2-0.png")))
    assert replace(images, seed=3).seed == 3
