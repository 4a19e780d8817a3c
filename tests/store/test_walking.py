"""All that lies under a folder is met once, nothing beyond it, and no more than the limit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from doppelscan.errors import InputError
from doppelscan.limits import FILES
from doppelscan.release.sums import files_in
from doppelscan.store import fingerprint_file, walked
from doppelscan.store.links import links_out
from endless import endless


def _made(folder: Path) -> Path:
    (folder / "a" / "b").mkdir(parents=True)
    for name in ("x", "a/y", "a/b/z"):
        (folder / name).write_text(name)
    (folder / "a" / "up").symlink_to(folder)
    return folder


def test_all_is_met_once_and_no_link_is_followed(tmp_path: Path) -> None:
    folder = _made(tmp_path / "set")
    met = sorted(os.path.relpath(entry.path, folder) for entry in walked(folder))
    assert met == ["a", "a/b", "a/b/z", "a/up", "a/y", "x"]


def test_what_cannot_be_listed_holds_nothing(tmp_path: Path) -> None:
    assert list(walked(tmp_path / "nowhere")) == []


def test_the_limit_is_for_all_folders_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _made(tmp_path / "set")
    monkeypatch.setenv(FILES.variable, "6")
    assert len(list(walked(folder))) == 6
    monkeypatch.setenv(FILES.variable, "5")
    with pytest.raises(InputError, match="more than 5 files and folders"):
        list(walked(folder))


def test_a_folder_that_invents_names_ends_wherever_one_is_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zarr.json").write_text("{}")
    monkeypatch.setattr(os, "scandir", endless)
    monkeypatch.setenv(FILES.variable, "100")
    for walks in (files_in, fingerprint_file, lambda folder: list(links_out(folder))):
        with pytest.raises(InputError, match="more than 100 files and folders"):
            walks(tmp_path)


def test_a_file_of_no_size_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system invents files of size 0 that may be read for ever, such as /proc/kmsg."""
    (tmp_path / "empty").touch()
    known = fingerprint_file(tmp_path / "empty")
    monkeypatch.setattr(Path, "open", lambda *_args, **_kwargs: pytest.fail("was opened"))
    assert fingerprint_file(tmp_path / "empty") == known != ""
