"""`doppelscan report` writes the page of an audit again."""

from __future__ import annotations

import shutil
from pathlib import Path

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
