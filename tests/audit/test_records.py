"""Does a run of a method that aligns say how, and does its report show it?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cohorts import films, joined, pixels_of
from doppelscan.audit.conclusions import conclude
from doppelscan.audit.evidence import gather
from doppelscan.audit.inputs import Sets
from doppelscan.audit.records import Clock, as_run
from doppelscan.audit.settings import AuditSettings
from doppelscan.findings import Run, aligned_pairs, read_run, write_run
from doppelscan.report import write_report
from doppelscan.settings import Resources
from doppelscan.workers import silent

SETTINGS = AuditSettings(method="pearson", n_controls=2, n_draws=2)
RESOURCES = Resources(memory=2**28, workers=2, device="cpu")
TRAIN, HOLDOUT = films(20, side=32), films(20, first=20, side=32)
DRAWN = joined(pixels_of(TRAIN)[:2], 255 - pixels_of(TRAIN)[2:3], pixels_of(films(2, first=40, side=32)))


@pytest.fixture(scope="module")
def run() -> Run:
    """The run that the registered method writes, of matches that pixels found."""
    sets = Sets(TRAIN, DRAWN, HOLDOUT)
    evidence = gather(sets, SETTINGS, resources=RESOURCES)
    aligning = replace(SETTINGS, method="registered")
    return as_run(conclude(evidence, SETTINGS), evidence, aligning, RESOURCES, Clock(silent))


def test_the_best_matches_of_a_method_that_aligns_say_how(run: Run) -> None:
    pairs = aligned_pairs(run.alignments)
    best = run.matches[run.matches["rank"] == 1].set_index("synthetic_id")
    assert set(pairs) == set(best.index)
    for name, pair in pairs.items():
        assert (pair.train_id, pair.aligned_by) == tuple(best.loc[name, ["train_id", "aligned_by"]])
    assert best["aligned_by"].iloc[:2].tolist() == ["as_it_is", "as_it_is"]
    assert (run.matches.loc[run.matches["rank"] > 1, "aligned_by"] == "").all()
    assert "picturing" in run.record["seconds"]


def test_its_report_shows_the_pairs_aligned(run: Run, tmp_path: Path) -> None:
    write_run(tmp_path, run)
    page = write_report(tmp_path, train=TRAIN, synthetic=DRAWN).read_text()
    assert page.count("<figcaption>training, aligned</figcaption>") == len(DRAWN)
    assert "difference</figcaption>" not in page


def test_other_methods_align_nothing() -> None:
    evidence = gather(Sets(TRAIN, DRAWN, HOLDOUT), SETTINGS, resources=RESOURCES)
    run = as_run(conclude(evidence, SETTINGS), evidence, SETTINGS, RESOURCES, Clock(silent))
    assert run.alignments.empty
    assert (run.matches["aligned_by"] == "").all()


def test_a_run_with_alignments_comes_back(run: Run, tmp_path: Path) -> None:
    write_run(tmp_path, run)
    back = aligned_pairs(read_run(tmp_path).alignments)
    assert {name: pair.aligned_by for name, pair in back.items()} == {
        name: pair.aligned_by for name, pair in aligned_pairs(run.alignments).items()
    }
