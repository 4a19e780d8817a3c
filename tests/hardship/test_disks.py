"""A full disk, a closed one, none at all end a command in one line; once that is over, it goes on to the same end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calling import Folders, Outcome, bytes_of, call
from doppelscan.imagesets import ImageSet, save
from doppelscan.seeds import stream

from .conftest import Disk

Asked = Callable[[str], tuple[object, ...]]
QUICK, SLOW = (
    ("prepare",),
    (
        *("audit", "train", "sample", "adopt", "quality", "membership", "power", "release", "study"),
        *("utility", "demo"),
    ),
)
several = pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(one, marks=pytest.mark.slow) for one in SLOW)]
)


def refused(done: Outcome, *said: str) -> None:
    """It ended in one clear line."""
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done.err
    assert all(one in done.err for one in said), done.err


@several
def test_a_full_disk_ends_in_one_line_and_with_room_the_same_command_ends_well(
    asked: Asked, disk: Disk, tmp_path: Path, name: str
) -> None:
    words, out = asked(name), disk.place / "out"
    disk.change("size=20k")
    refused(call(name, *words, "--out", out), "No space left on device", str(disk.place))
    disk.change("size=100m")
    done = call(name, *words, "--out", out)
    assert done.code == 0, done.err
    assert not list(disk.place.rglob(".*"))


@several
def test_a_closed_disk_is_refused_before_the_work(asked: Asked, disk: Disk, name: str) -> None:
    words, out = asked(name), disk.place / "out"
    disk.change("ro")
    refused(call(name, *words, "--out", out), "cannot be written to (name another")
    disk.change("rw,size=100m")
    assert call(name, *words, "--out", out).code == 0


def test_a_cache_on_a_full_disk_costs_the_next_time_and_not_this_one(
    asked: Asked, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = asked("audit")
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(disk.place))
    disk.change("size=8k")
    done = call("audit", *words, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "not kept for the next time: No space left on device (set DOPPELSCAN_CACHE" in done.err
    disk.change("size=100m")
    again = call("audit", *words, "--out", tmp_path / "again")
    assert (again.code, again.err) == (0, "")
    assert (tmp_path / "out/matches.parquet").read_bytes() == (
        tmp_path / "again/matches.parquet"
    ).read_bytes()


def test_a_closed_cache_is_one_line(
    asked: Asked, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(disk.place / "cache"))
    disk.change("ro")
    refused(
        call("audit", *asked("audit"), "--out", tmp_path / "out"), "the cache cannot be written", "_CACHE"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("home", ["a file", "nowhere"])
def test_without_a_home_directory_the_variable_is_named(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    (tmp_path / "a file").touch()
    for name in ("DOPPELSCAN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "a file" / home))
    refused(
        call("audit", *asked("audit"), "--out", tmp_path / "out"), "the cache cannot be written", "_CACHE"
    )


def test_pixels_that_fill_the_disk_midway_are_written_after_all(disk: Disk, tmp_path: Path) -> None:
    pixels = stream(0, "noise").integers(0, 256, (400, 1, 40, 40)).astype(np.uint8)
    save(ImageSet.from_arrays(pixels), tmp_path / "noise")
    asked = ("prepare", tmp_path / "noise", "--workers", 1, "--size", 40, "--out")
    refused(call(*asked, disk.place / "out"), "No space left on device", "make room there")
    assert not (disk.place / "out").exists()
    disk.change("size=100m")
    assert call(*asked, disk.place / "out").code == 0
    assert call(*asked, tmp_path / "whole").code == 0
    assert bytes_of(disk.place / "out") == bytes_of(tmp_path / "whole")


@pytest.mark.parametrize("command", ["prepare", "audit"])
def test_links_that_lead_in_circles_are_refused(asked: Asked, tmp_path: Path, command: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "pool")
    (tmp_path / "pool").symlink_to(tmp_path / "loop")
    words = asked(command)
    for out in ("loop", "loop/out"):
        refused(call(command, *words, "--out", tmp_path / out), "loop: is")


@pytest.mark.parametrize("name", ["n" * 255, "胸部X線 🫁"])
def test_names_of_any_length_and_script_are_written_to(asked: Asked, tmp_path: Path, name: str) -> None:
    out = tmp_path / "place" / name
    done = call("prepare", *asked("prepare"), "--out", out)
    assert done.code == 0, done.err
    assert [path.name for path in out.parent.iterdir()] == [name]


def test_sets_of_long_names_are_read(sets: Folders, tmp_path: Path) -> None:
    (tmp_path / ("ü" * 127)).symlink_to(sets.holdout)
    assert call("prepare", tmp_path / ("ü" * 127), "--out", tmp_path / "out").code == 0
