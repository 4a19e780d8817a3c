"""`doppelscan membership` as a user calls it: numbers, page, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from calling import Folders, bytes_of, call, write_films
from cohorts import films, pixels_of
from doppelscan.imagesets import ImageSet

FILES = {"membership.json", "membership.parquet", "roc.svg", "roc.png", "report.html"}


def test_the_numbers_are_said_with_their_intervals(folders: Folders, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = call("membership", *folders.options, "--out", out)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == (
        "60 training images of 60 patients against 27 held-out images of 27; 13 further patients are the reference."
    )
    assert lines[3].split()[:2] == ["without", "model"]
    assert [line.split()[0] for line in lines[4:7]] == ["distance", "density", "samples*"]
    assert "unknown at 1% of false positives" in done.out
    assert lines[-1] == f"Report: {out / 'report.html'}"
    assert {path.name for path in out.iterdir()} == FILES
    assert all(len(line) < 120 for line in lines if not line.startswith(("Note", "Report", "Training")))

    again = call("membership", *folders.options, "--out", out, "--json")
    assert json.loads(again.out) == json.loads((out / "membership.json").read_text())
    assert again.out.count("\n") == 1


def test_sets_that_differ_end_with_that_said_and_with_code_2(folders: Folders, tmp_path: Path) -> None:
    held = films(40, first=100)
    brighter = np.clip(pixels_of(held).astype(int) + 25, 0, 255).astype(np.uint8)
    other = write_films(tmp_path / "other", ImageSet.from_arrays(brighter, held.table))
    sets = ("--train", folders.train, "--holdout", other, "--synthetic", folders.synthetic)
    done = call("membership", *sets, "--out", tmp_path / "run")
    assert done.code == 2
    assert done.out.count("explained by the sets") == 3
    assert (
        "doppelscan: --train and --holdout: Training and held-out images differ by construction" in done.err
    )
    assert "patients of the same source out at random" in done.err
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES
    assert json.loads((tmp_path / "run" / "membership.json").read_text())["concludes"] is False


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ((), "there is nothing to attack"),
        (("--patients", 3, "--synthetic", "none"), "n_patients: is 3"),
        (("--synthetic", "none"), "none"),
        (("--model", "none"), "model.json"),
        (("--synthetic", "none", "--size", "big"), "--size: 'big'"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    folders: Folders, tmp_path: Path, wrong: tuple[object, ...], message: str
) -> None:
    out = tmp_path / "run"
    done = call("membership", "--train", folders.train, "--holdout", folders.holdout, "--out", out, *wrong)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert not out.exists()


def test_a_folder_of_others_is_left_alone(folders: Folders, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    done = call("membership", *folders.options, "--out", tmp_path)
    assert done.code == 2
    assert "holds something else than a membership inference" in done.err
    assert bytes_of(tmp_path) == {"thesis.doc": b"years of work"}
