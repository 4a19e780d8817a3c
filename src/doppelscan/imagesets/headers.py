"""What the headers of files say, read by child processes, who need no more than this module to do so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from doppelscan.errors import InputError, Problem, UnreadableImage
from doppelscan.images.formats import ABSENT, Entry, entries
from doppelscan.settings import Resources
from doppelscan.workers import Progress, counted, elsewhere, map_ordered

__all__ = ["read_headers", "refuse_unseen"]

_GROUP = 32  # files read by a worker at a time


def read_headers(
    paths: Sequence[Path], part: str | None, resources: Resources, progress: Progress
) -> Iterator[list[Entry] | str]:
    """The images of each file, or the reason why there are none; `part` names an array of an `.npz`."""
    workers = min(resources.workers, 1 + len(paths) // (4 * _GROUP))
    read = map_ordered(partial(_entries, part=part), paths, workers=workers, group=_GROUP)
    seen = (_seen(found, path) for found, path in zip(read, paths, strict=True))
    return counted(seen, "reading headers", len(paths), progress)


def refuse_unseen(reason: str, path: Path) -> None:
    """Refuse a file that is here, but not on the machine of a cluster that should read it."""
    if reason == ABSENT and elsewhere() and path.exists():
        cure = "keep it on a file system that all machines see, under the same name, or at s3://"
        raise InputError(Problem("is not there for another machine of the cluster", str(path), cure))


def _seen(found: list[Entry] | str, path: Path) -> list[Entry] | str:
    if isinstance(found, str):
        refuse_unseen(found, path)
    return found


def _entries(path: Path, part: str | None) -> list[Entry] | str:
    try:
        return entries(path, part)
    except UnreadableImage as error:
        return error.reason
