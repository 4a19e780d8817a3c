"""Every file under a folder is listed, with a reason where it will not be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cohorts import films
from doppelscan.errors import InputError
from doppelscan.imagesets import save
from doppelscan.imagesets.listing import list_folder, list_table, name_in, printable


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_files_are_listed_in_the_order_of_their_names(tmp_path: Path) -> None:
    touch(tmp_path / "b" / "x", tmp_path / "a-b", tmp_path / "a" / "x", tmp_path / ".hidden")
    assert list_folder(tmp_path).files == (".hidden", "a-b", "a/x", "b/x")


def test_links_are_followed_and_loops_are_refused(tmp_path: Path) -> None:
    folder, far = tmp_path / "set", tmp_path / "far"
    touch(folder / "a.png", far / "b.png")
    (folder / "far").symlink_to(far)
    (far / "back").symlink_to(folder)
    (folder / "self.png").symlink_to(folder / "self.png")
    listing = list_folder(folder)
    assert listing.files == ("a.png", "far/b.png", "self.png")
    assert listing.refused == (("far/back", "a link to a folder that it lies in"),)


def test_names_that_are_no_text_are_refused_in_print(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"bad\xff.png")).touch()
    except OSError:
        pytest.skip("this file system holds only names that are text")
    assert list_folder(tmp_path).refused == (("bad\\xff.png", "its name is not UTF-8"),)
    assert printable(os.fsdecode(b"bad\xff.png")) == "bad\\xff.png"


def test_a_prepared_set_within_a_folder_is_refused_as_a_whole(tmp_path: Path) -> None:
    save(films(2), tmp_path / "train")
    assert list_folder(tmp_path).refused == (("train", "a prepared set: name it by itself"),)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir(mode=0)
    assert list_folder(tmp_path).refused == (("secret", "cannot be listed: Permission denied"),)


@pytest.mark.parametrize("name", ["a.png", "./a.png", "sub/../a.png", "{folder}/a.png"])
def test_a_table_may_name_its_files_in_any_way(tmp_path: Path, name: str) -> None:
    touch(tmp_path / "a.png")
    (tmp_path / "images.csv").write_text(f"file,sex\n{name.format(folder=tmp_path)},f\n")
    listing = list_folder(tmp_path)
    assert (listing.files, listing.refused) == (("a.png",), ())
    assert listing.table is not None
    assert listing.table.loc["a.png"].to_dict() == {"sex": "f"}


def test_one_file_under_two_names_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "a.png")
    (tmp_path / "t.csv").write_text("file\na.png\n./a.png\n")
    with pytest.raises(InputError, match=r"names 'a\.png' more than once"):
        list_table(tmp_path / "t.csv")


def test_a_file_is_called_by_its_place_in_the_folder_or_by_its_whole_path(tmp_path: Path) -> None:
    assert name_in(tmp_path, tmp_path / "x" / "a.png") == "x/a.png"
    assert name_in(tmp_path / "x", tmp_path / "a.png") == (tmp_path / "a.png").as_posix()
