"""Are the files those that were released? `SHA256SUMS`, as `sha256sum --check` reads it, but stricter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from doppelscan.store import fingerprint_files, walked, write_text

__all__ = ["SUMS", "differences", "files_in", "no_files", "write_sums"]

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def write_sums(folder: Path) -> None:
    """Write the sum of every other file under `folder`."""
    names = [name for name in files_in(folder) if name != SUMS]
    sums = fingerprint_files([folder / name for name in names])
    write_text(folder / SUMS, "".join(f"{one}  {name}\n" for one, name in zip(sums, names, strict=True)))


def differences(folder: Path) -> Iterator[tuple[str, str]]:
    """Each file that is missing, more than there should be, or another; with the line that is no sum.

    No name leads out of the folder, and where `no_files` finds something, that is all that is told.
    """
    if odd := list(no_files(folder)):
        yield from odd
        return
    said, wrong = _read(folder)
    yield from wrong
    there = files_in(folder)
    for name in sorted(set(there) - set(said) - {SUMS}):
        yield name, f"is not in {SUMS}"
    for name in sorted(set(said) - set(there)):
        yield name, f"is in {SUMS} and not there"
    both = sorted(set(said) & set(there))
    for name, found in zip(both, fingerprint_files([folder / name for name in both]), strict=True):
        if found != said[name]:
            yield name, f"is another file than {SUMS} says"


def no_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Links, and what is neither a file nor a folder, such as a pipe that would be waited for."""
    for name in files_in(folder):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            yield name, "is a link" if path.is_symlink() else "is no file"


def files_in(folder: Path) -> list[str]:
    """Everything under the folder that is no folder, links and all, relative and sorted."""
    found = (entry.path for entry in walked(folder) if not entry.is_dir(follow_symlinks=False))
    return sorted(Path(path).relative_to(folder).as_posix() for path in found)


def _read(folder: Path) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The sums by name, and what is wrong with the file."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        return {}, [(SUMS, f"cannot be read: {error}")]
    said: dict[str, str] = {}
    wrong = []
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        if found is None or not _inside(found[2]) or found[2] in said:
            wrong.append((SUMS, f"line {number} is no sum of a file in the folder"))
        else:
            said[found[2]] = found[1]
    return said, wrong


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and path.as_posix() == name and "\\" not in name
