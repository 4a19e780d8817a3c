"""`doppelscan report` writes the page of a run again, whatever kind of run it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from calling import Folders, call


def test_the_page_is_written_again(run_folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(run_folder, run)
    (run / "report.html").unlink()
    assert call("report", run).out == f"Report: {run / 'report.html'}\n"
    assert (run / "report.html").read_text() == (run_folder / "report.html").read_text()


def test_sets_that_moved_are_named(run_folder: Path, folders: Folders, tmp_path: Path) -> None:
    run, moved = tmp_path / "run", tmp_path / "moved"
    shutil.copytree(run_folder, run)
    shutil.copytree(folders.train, moved)
    assert call("report", run, "--train", moved, "--n-matches", 2).code == 0
    assert call("report", run, "--train", tmp_path / "nowhere").code == 2


def test_a_folder_without_an_audit_is_refused(tmp_path: Path) -> None:
    done = call("report", tmp_path)
    assert done.code == 2
    assert done.err == f"doppelscan: {tmp_path}: holds no audit (no findings.json) (run doppelscan audit)\n"


@pytest.mark.parametrize("kind", ["quality", "membership"])
def test_pages_of_other_runs_are_written_again(kind: str, folders: Folders, tmp_path: Path) -> None:
    real = {"quality": "--real", "membership": "--train"}[kind]
    sets = (real, folders.train, "--synthetic", folders.synthetic, "--holdout", folders.holdout)
    fast = {"quality": ("--encoder", "pixels", "--draws", 4, "--pairs", 6), "membership": ()}[kind]
    page = tmp_path / "run" / "report.html"
    assert call(kind, *sets, *fast, "--workers", 1, "--out", page.parent).code == 0
    before = page.read_text()
    page.unlink()
    assert call("report", page.parent).out == f"Report: {page}\n"
    assert page.read_text() == before


def test_real_images_are_withheld_from_the_page_of_quality(folders: Folders, tmp_path: Path) -> None:
    sets = ("--real", folders.train, "--synthetic", folders.synthetic)
    fast = ("--encoder", "pixels", "--draws", 4, "--pairs", 6, "--workers", 1)
    assert call("quality", *sets, *fast, "--out", tmp_path / "run").code == 0
    page = tmp_path / "run" / "report.html"
    shown = page.read_text().count("data:image/png;base64,")
    assert call("report", tmp_path / "run", "--redact-training").code == 0
    assert page.read_text().count("data:image/png;base64,") < shown
