"""`doppelscan power` as a user calls it: numbers, figure, refusals, and what is left after being killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from calling import Folders, bytes_of, call
from doppelscan.findings.power import read_power

FILES = {"power.json", "power.parquet", "power.svg", "power.png"}
FEW = ("--patients", 6, "--transforms", "exact", "--transforms", "noise", "--strength", 2, "--strength", 1)

KILLED = """
import os, signal, sys
from doppelscan.audit import planting
from doppelscan.cli import main
planting._AT_ONCE = 5
matched = []
def die(*arguments):
    matched.append(arguments)
    if len(matched) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return match(*arguments)
match, planting._apart = planting._apart, die
main()
"""


def options(folders: Folders, out: Path) -> tuple[object, ...]:
    return ("power", "--train", folders.train, "--holdout", folders.holdout, "--out", out, *FEW)


def test_the_numbers_are_said_in_a_table_and_drawn(folders: Folders, tmp_path: Path) -> None:
    out = tmp_path / "power"
    done = call(*options(folders, out))
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == (
        "60 training images of 60 patients, 6 of them copied; 40 held-out images of 40 patients, 6 changed alike."
    )
    assert lines[2].startswith("pearson, standard: share of copies found at 1% of false alarms")
    assert lines[3].split() == ["1", "2", "AUC", "named"]
    assert lines[4].split() == ["exact", "1.00", "1.000", "1.00"]
    assert lines[5].split()[:2] == ["noise", "1.00"]
    assert lines[7].startswith("  all at 1: 100.0% (")
    assert lines[-1] == f"Figure: {out / 'power.svg'}"
    assert {path.name for path in out.iterdir()} == FILES
    assert all(len(line) < 120 for line in lines if not line.startswith(("Note", "Figure")))


def test_json_is_all_of_stdout(folders: Folders, tmp_path: Path) -> None:
    done = call(*options(folders, tmp_path / "power"), "--json")
    assert json.loads(done.out) == json.loads((tmp_path / "power" / "power.json").read_text())
    assert done.out.count("\n") == 1


def test_several_lists_have_a_table_each(folders: Folders, tmp_path: Path) -> None:
    done = call(*options(folders, tmp_path / "power"), "--transforms", "crop", "--transforms", "ninth")
    heads = [line.split(":")[0] for line in done.out.splitlines() if line.startswith("pearson, ")]
    assert heads == ["pearson, standard", "pearson, hard", "pearson, parts"]
    columns = [line.split()[-1] for line in done.out.splitlines() if line.split()[:3] == ["1", "2", "AUC"]]
    assert columns == ["named", "named", "outlined"]


def test_a_measurement_that_is_killed_goes_on_to_the_same_bytes(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    command = [str(one) for one in options(folders, tmp_path / "cut")]
    killed = subprocess.run([sys.executable, "-c", KILLED, *command], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "cut").exists()
    kept = {path for path in (own_cache / "neighbours").iterdir() if path.suffix == ".parquet"}
    assert kept
    monkeypatch.setattr("doppelscan.audit.planting._AT_ONCE", 5)
    assert call(*command).code == 0
    monkeypatch.undo()
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / "another cache"))
    assert call(*options(folders, tmp_path / "whole")).code == 0
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")


def test_the_same_command_again_gives_the_same(folders: Folders, tmp_path: Path) -> None:
    first = call(*options(folders, tmp_path / "power")).out
    written = bytes_of(tmp_path / "power")
    assert call(*options(folders, tmp_path / "power")).out == first
    assert bytes_of(tmp_path / "power") == written
    assert read_power(tmp_path / "power")[0].methods == ("pearson",)


@pytest.mark.parametrize(
    ("wrong", "messages"),
    [
        (
            ("--method", "magic", "--transforms", "melt", "--strength", 9, "--patients", 1),
            ["'magic'", "'melt'", "not at 9", "of 1 patients"],
        ),
        (("--size", "big"), ["--size: 'big'"]),
        (("--method", "pearson", "--method", "pearson"), ["--method: each is given once"]),
    ],
)
def test_all_wrong_options_are_refused_at_once_and_nothing_is_written(
    folders: Folders, tmp_path: Path, wrong: tuple[object, ...], messages: list[str]
) -> None:
    done = call("power", "--train", folders.train, "--out", tmp_path / "power", *wrong)
    assert (done.code, done.out) == (2, "")
    assert [message for message in messages if message not in done.err] == []
    assert len(done.err.splitlines()) == len(messages)
    assert not (tmp_path / "power").exists()


def test_patients_on_both_sides_are_refused_by_name(folders: Folders, tmp_path: Path) -> None:
    done = call("power", "--train", folders.train, "--holdout", folders.train, "--out", tmp_path / "power")
    assert done.code == 2
    assert "p0, p1, p10, p11, p12 and 55 more" in done.err


def test_a_folder_of_others_is_left_alone(folders: Folders, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    done = call(*options(folders, tmp_path))
    assert done.code == 2
    assert "holds something else than a measurement of power" in done.err
    assert bytes_of(tmp_path) == {"thesis.doc": b"years of work"}
