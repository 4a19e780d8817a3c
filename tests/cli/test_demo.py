"""`doppelscan demo`: a generator that memorizes, audited; and planted copies, held against the truth."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calling import call
from demos import smaller
from doppelscan.findings import read_run
from doppelscan.generators.strategies import STRATEGIES
from doppelscan.imagesets import open_images
from doppelscan.workers import Progress


class Cut(Exception):
    """Somebody stops the demo."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    smaller(monkeypatch)


def test_a_generator_is_trained_drawn_from_and_audited(tmp_path: Path) -> None:
    done = call("demo", "--out", tmp_path / "demo")
    assert (done.code, done.err) == (0, "")
    first, *_, last = done.out.splitlines()
    assert first.startswith("A small diffusion model saw the films of 4 invented patients 10 times each; ")
    assert first.endswith(" It drew 12 films.")
    assert last == f"Report: {tmp_path / 'demo' / 'run' / 'report.html'}"
    drawn = open_images(tmp_path / "demo" / "synthetic")
    assert (len(drawn), drawn.shape) == (12, (1, 16, 16))
    assert drawn.table["generator"].str.startswith("ddpm-").all()
    assert set(drawn.table["seed"]) == set(range(12))


@pytest.mark.slow
@pytest.mark.parametrize("work", ["training ddpm", "drawing"])
def test_a_demo_that_was_cut_off_comes_to_the_end_of_an_unbroken_one(
    work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def cutting() -> Iterator[Progress]:
        def cut(now: str, done: int, _total: int) -> None:
            if now == work and done > 0:
                raise Cut

        yield cut

    with monkeypatch.context() as patched:
        patched.setattr("doppelscan.cli.demo.shown_progress", cutting)
        with pytest.raises(Cut):
            call("demo", "--out", tmp_path / "cut")
    again, whole = (call("demo", "--out", tmp_path / name) for name in ("cut", "whole"))
    assert again.out.replace(str(tmp_path / "cut"), str(tmp_path / "whole")) == whole.out
    sets = [open_images(tmp_path / name / "synthetic").read(0, 12) for name in ("cut", "whole")]
    np.testing.assert_array_equal(*sets)
    matches = [pd.read_parquet(tmp_path / name / "run/matches.parquet") for name in ("cut", "whole")]
    pd.testing.assert_frame_equal(*matches)


def test_without_the_extra_nothing_is_begun_and_the_way_without_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    done = call("demo", "--out", tmp_path / "demo")
    assert done.code == 2
    assert "`demo --planted` needs none) needs diffusers (pip install 'doppelscan[generate]')" in done.err
    assert not (tmp_path / "demo").exists()


def test_of_planted_copies_the_truth_stands_before_the_findings(tmp_path: Path) -> None:
    done = call("demo", "--planted", "--out", tmp_path / "demo")
    assert done.code == 0
    first, *_, last = done.out.splitlines()
    assert first.startswith("Truth: 5 of 17 synthetic images copy a patient. Found: ")
    assert "exact 3 of 3" in first
    assert last == f"Report: {tmp_path / 'demo' / 'run' / 'report.html'}"


@pytest.mark.slow
def test_words_and_photographs_become_images_by_every_strategy(tmp_path: Path) -> None:
    done = call("demo", "--text", "--out", tmp_path / "demo")
    assert (done.code, done.err) == (0, "")
    first, *_, last = done.out.splitlines()
    assert first.startswith(
        "A text-to-image model of random weights learnt the photographs of 6 invented patients"
    )
    assert "It drew 15 images by five strategies and, to compare with, 24 from" in first
    assert last == f"Report: {tmp_path / 'demo' / 'run' / 'report.html'}"
    made = open_images(tmp_path / "demo" / "synthetic").table
    mine = made[made["id"].str.startswith("train/")]
    assert set(mine["strategy"].value_counts().to_dict().items()) == {(name, 3) for name in STRATEGIES}
    assert mine["prompt"].str.fullmatch("An image of (melanoma|nevus|psoriasis)").all()
    findings = read_run(tmp_path / "demo" / "run").findings
    assert findings.derived is not None
    assert (findings.derived.n, findings.derived.n_null, findings.derived.n_lost) == (12, 24, 0)
    assert findings.derived.by_strategy.keys() == set(STRATEGIES) - {"text"}
    assert "Images made from real ones</h2>" in (tmp_path / "demo/run/report.html").read_text()


def test_two_demos_at_once_are_refused(tmp_path: Path) -> None:
    done = call("demo", "--text", "--planted", "--out", tmp_path / "demo")
    assert (done.code, "are two demos" in done.err, (tmp_path / "demo").exists()) == (2, True, False)


@pytest.mark.slow
def test_the_story_is_in_the_json(tmp_path: Path) -> None:
    said = json.loads(call("demo", "--planted", "--out", tmp_path / "planted", "--json").out)
    assert said["truth"]["planted"] == {"exact": 3, "flip": 2}
    assert said["findings"]["n_synthetic"] == 17
    said = json.loads(call("demo", "--out", tmp_path / "trained", "--json").out)
    assert said["generator"].keys() == {"n_patients", "epochs", "n_drawn", "times"}
    assert said["generator"]["n_patients"] == 4
