"""Every file under a folder is listed, with a reason where it will not be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cohorts import films
from doppelscan.errors import InputError
from doppelscan.imagesets import save
from doppelscan.imagesets.listing import OUTSIDE, list_folder, list_table, name_in, printable
from endless import endless


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_files_are_listed_in_the_order_of_their_names(tmp_path: Path) -> None:
    touch(tmp_path / "b" / "x", tmp_path / "a-b", tmp_path / "a" / "x", tmp_path / ".hidden")
    assert list_folder(tmp_path).files == (".hidden", "a-b", "a/x", "b/x")


def test_links_within_the_folder_are_followed_and_loops_are_refused(tmp_path: Path) -> None:
    touch(tmp_path / "a.png", tmp_path / "far" / "b.png")
    (tmp_path / "near").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "back").symlink_to(tmp_path)
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    listing = list_folder(tmp_path)
    assert listing.files == ("a.png", "far/b.png", "near/b.png", "self.png")
    loop = "a link to a folder that it lies in"
    assert listing.refused == (("far/back", loop), ("near/back", loop))


@pytest.fixture
def leading_out(tmp_path: Path) -> Path:
    """A folder with links to a file, to a folder and to a device outside of it."""
    folder, far = tmp_path / "set", tmp_path / "set-of-others"
    touch(folder / "a.png", far / "b.png")
    (folder / "file.png").symlink_to(far / "b.png")
    (folder / "far").symlink_to(far)
    (folder / "zero.png").symlink_to("/dev/zero")
    return folder


def test_links_that_lead_out_of_the_folder_are_refused(leading_out: Path) -> None:
    listing = list_folder(leading_out)
    assert listing.files == ("a.png",)
    assert listing.refused == (("far", OUTSIDE), ("file.png", OUTSIDE), ("zero.png", OUTSIDE))


def test_links_are_followed_anywhere_where_their_owner_says_so(
    leading_out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOPPELSCAN_FOLLOW_LINKS", "1")
    assert list_folder(leading_out).files == ("a.png", "far/b.png", "file.png", "zero.png")


def test_the_table_of_a_folder_names_nothing_outside_of_it(leading_out: Path) -> None:
    far = leading_out.parent / "set-of-others" / "b.png"
    (leading_out / "images.csv").write_text(f"file\na.png\n../set-of-others/b.png\nfar/b.png\n{far}x\n")
    listing = list_folder(leading_out)
    assert listing.files == ("a.png",)
    assert listing.table is not None
    assert list(listing.table.index) == ["a.png"]
    reasons = dict(listing.refused)
    assert "lies outside of the folder" in reasons[far.as_posix()]
    assert "where a link leads" in reasons["far/b.png"]
    assert list_table(leading_out / "images.csv").files == ("a.png", far.as_posix(), "far/b.png")


def test_folders_are_followed_to_the_limit_of_nesting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "1" / "2" / "a.png", tmp_path / "1" / "2" / "3" / "b.png")
    monkeypatch.setenv("DOPPELSCAN_MAX_NESTING", "2")
    listing = list_folder(tmp_path)
    assert listing.files == ("1/2/a.png",)
    ((name, reason),) = listing.refused
    assert name == "1/2/3"
    assert "DOPPELSCAN_MAX_NESTING moves it" in reason


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


def test_a_folder_of_more_files_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "a.png", tmp_path / "b" / "c.png")
    monkeypatch.setenv("DOPPELSCAN_MAX_FILES", "3")
    assert list_folder(tmp_path).files == ("a.png", "b/c.png")
    touch(tmp_path / "b" / "d.png")
    with pytest.raises(InputError, match=r"more than 3 files and folders \(.*DOPPELSCAN_MAX_FILES moves"):
        list_folder(tmp_path)


def test_a_folder_that_invents_names_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "scandir", endless)
    monkeypatch.setenv("DOPPELSCAN_MAX_FILES", "1000")
    with pytest.raises(InputError, match="more than 1,000 files and folders"):
        list_folder(tmp_path)
