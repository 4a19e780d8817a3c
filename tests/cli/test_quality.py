"""`doppelscan quality` as a user calls it: numbers, page, refusals, and what is left after being killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from calling import Folders, bytes_of, call
from doppelscan.findings.quality import QUALITY_FILES, read_quality

FEW = ("--encoder", "pixels", "--draws", 4, "--pairs", 6, "--workers", 1)

KILLED = """
import os, signal
from doppelscan.cli import main
from doppelscan.quality import measuring
def die(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)
measuring.fidelity = die
main()
"""


def options(folders: Folders, out: Path) -> tuple[object, ...]:
    sets = ("--real", folders.train, "--synthetic", folders.synthetic, "--holdout", folders.holdout)
    return ("quality", *sets, "--out", out, *FEW)


@pytest.fixture(scope="module")
def done(folders: Folders, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One measurement, and what it said, to be read only."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOPPELSCAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        out = tmp_path_factory.mktemp("quality") / "run"
        said = call(*options(folders, out))
    assert (said.code, said.err) == (0, "")
    return out, said.out


def test_the_numbers_are_said_in_a_table(done: tuple[Path, str]) -> None:
    out, said = done
    lines = said.splitlines()
    assert lines[0].startswith("25 synthetic images against 60 real ones of 60 patients, by pixels (")
    for name in ("fid ", "kid ", "precision ", "coverage ", "ms_ssim ", "ct ", "mifid "):
        assert any(line.startswith(f"  {name}") for line in lines), name
    assert "  is             not measured. Needs the classes of Inception" in said
    assert "p = " in said
    assert lines[-1] == f"Report: {out / 'report.html'}"
    assert {path.name for path in out.iterdir()} == set(QUALITY_FILES)


def test_json_is_all_of_stdout(folders: Folders, tmp_path: Path) -> None:
    said = call(*options(folders, tmp_path / "run"), "--json")
    assert json.loads(said.out) == json.loads((tmp_path / "run" / "quality.json").read_text())
    assert said.out.count("\n") == 1


def test_a_measurement_that_is_killed_goes_on_with_the_vectors_it_made(
    folders: Folders, done: tuple[Path, str], tmp_path: Path, own_cache: Path
) -> None:
    command = [str(one) for one in options(folders, tmp_path / "run")]
    killed = subprocess.run([sys.executable, "-c", KILLED, *command], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "run").exists()
    kept = bytes_of(own_cache / "vectors")
    assert kept
    assert call(*command).code == 0
    assert bytes_of(own_cache / "vectors") == kept
    assert read_quality(tmp_path / "run").quality == read_quality(done[0]).quality


def test_redacted_pages_show_no_image_and_no_name(folders: Folders, tmp_path: Path) -> None:
    assert call(*options(folders, tmp_path / "run"), "--redact-training").code == 0
    page = (tmp_path / "run" / "report.html").read_text()
    assert "data:image" not in page
    for patient in ("p0", "p17", "p59"):
        assert f">{patient}<" not in page
        assert f"{patient}-0.png" not in page
    assert str(folders.train) not in page
    assert str(folders.holdout) not in page


def test_wrong_options_are_refused_at_once_and_nothing_is_written(folders: Folders, tmp_path: Path) -> None:
    wrong = call(*options(folders, tmp_path / "run"), "--draws", 1, "--pairs", 1)
    assert (wrong.code, wrong.out) == (2, "")
    assert len(wrong.err.splitlines()) == 2
    assert not (tmp_path / "run").exists()


def test_absent_weights_are_named_with_where_they_are_had(folders: Folders, tmp_path: Path) -> None:
    wrong = call(*options(folders, tmp_path / "run"), "--encoder", tmp_path / "inception.pth")
    assert wrong.code == 2
    assert "pytorch-fid" in wrong.err


def test_a_folder_of_others_is_left_alone(folders: Folders, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    wrong = call(*options(folders, tmp_path))
    assert wrong.code == 2
    assert "holds something else than a measurement of quality" in wrong.err
    assert bytes_of(tmp_path) == {"thesis.doc": b"years of work"}
