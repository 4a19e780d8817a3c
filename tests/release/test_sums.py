"""Sums tell every file that is missing, more, or another, and lead nowhere outside of the folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from doppelscan.release.sums import SUMS, differences, write_sums


@pytest.fixture
def summed(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for name in ("a.txt", "images/b.png", "images/c d.png"):
        (tmp_path / name).write_text(name)
    write_sums(tmp_path)
    return tmp_path


def test_a_folder_as_it_was_written_differs_in_nothing(summed: Path) -> None:
    assert list(differences(summed)) == []
    assert subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=summed, check=False).returncode == 0


def test_every_difference_is_told(summed: Path) -> None:
    (summed / "a.txt").write_text("other")
    (summed / "images/b.png").unlink()
    (summed / "more").write_text("")
    assert dict(differences(summed)) == {
        "a.txt": f"is another file than {SUMS} says",
        "images/b.png": f"is in {SUMS} and not there",
        "more": f"is not in {SUMS}",
    }


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "images/../../secret", "./a.txt", "a\\b", "a.txt"]
)
def test_a_line_that_leads_out_or_comes_twice_is_told_and_not_followed(summed: Path, name: str) -> None:
    (summed.parent / "secret").write_text("")
    with (summed / SUMS).open("a") as file:
        file.write(f"{'0' * 64}  {name}\n")
    assert dict(differences(summed)) == {SUMS: "line 4 is no sum of a file in the folder"}


@pytest.mark.parametrize("name", ["link", "a.txt", SUMS])
def test_a_link_is_told_and_not_followed(summed: Path, name: str) -> None:
    (summed / name).unlink(missing_ok=True)
    (summed / name).symlink_to("/etc/passwd")
    assert dict(differences(summed)) == {name: "is a link"}


def test_without_sums_everything_differs(summed: Path) -> None:
    (summed / SUMS).unlink()
    assert len(dict(differences(summed))) == 4
