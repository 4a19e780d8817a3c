"""Writes are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from doppelscan.store import atomic_file, write_text


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
