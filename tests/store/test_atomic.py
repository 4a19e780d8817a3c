"""Writes are whole or not there, and what a killed one leaves does not pile up."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from doppelscan.errors import InputError
from doppelscan.store import atomic_file, check_writable, write_text


def test_a_file_appears_whole(tmp_path: Path) -> None:
    write_text(tmp_path / "deep" / "a.txt", "größer")
    assert (tmp_path / "deep" / "a.txt").read_text(encoding="utf-8") == "größer"


def fill_and_fail(draft: Path) -> None:
    draft.write_text("half")
    raise RuntimeError


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), atomic_file(tmp_path / "a.txt") as draft:
        fill_and_fail(draft)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_what_a_killed_write_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".a.txt.draft").write_text("half of something longer")
    write_text(tmp_path / "a.txt", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_two_writers_of_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "a.txt") as first:
        first.write_text("first")
        with atomic_file(tmp_path / "a.txt") as second:
            second.write_text("second")
        assert (tmp_path / "a.txt").read_text() == "second"
    assert (tmp_path / "a.txt").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_in_the_place_of_a_draft_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("years of work")
    (tmp_path / "b.txt").write_text("this too")
    (tmp_path / ".a.txt.draft").symlink_to(tmp_path / "precious")
    os.link(tmp_path / "b.txt", tmp_path / ".c.txt.draft")
    for name in ("a.txt", "c.txt"):
        write_text(tmp_path / name, "new")
        assert (tmp_path / name).read_text() == "new"
    assert (tmp_path / "precious").read_text() == "years of work"
    assert (tmp_path / "b.txt").read_text() == "this too"


def test_a_file_system_without_locks_takes_files_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("doppelscan.store.atomic.fcntl.flock", refuse)
    write_text(tmp_path / "a.txt", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("name", ["n" * 255, "ü" * 127, "胸部X線 🫁"])
def test_every_name_that_a_file_system_takes_can_be_written(tmp_path: Path, name: str) -> None:
    write_text(tmp_path / name, "whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("leading", ["loop", "loop/out", "nowhere", "file/out"])
def test_links_that_lead_nowhere_and_files_are_refused_before_the_work(tmp_path: Path, leading: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "pool")
    (tmp_path / "pool").symlink_to(tmp_path / "loop")
    (tmp_path / "nowhere").symlink_to(tmp_path / "absent")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"leads nowhere|is no folder"):
        check_writable(tmp_path / leading)
