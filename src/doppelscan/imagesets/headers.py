"""What the headers of files say, read by child processes, who need no more than this module to do so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import Entry, entries
from doppelscan.settings import Resources
from doppelscan.workers import Progress, counted, map_ordered

__all__ = ["read_headers"]

_GROUP = 32  # files read by a worker at a time


def read_headers(
    paths: Sequence[Path], part: str | None, resources: Resources, progress: Progress
) -> Iterator[list[Entry] | str]:
    """The images of each file, or the reason why there are none; `part` names an array of an `.npz`."""
    workers = min(resources.workers, 1 + len(paths) // (4 * _GROUP))
    read = map_ordered(partial(_entries, part=part), paths, workers=workers, group=_GROUP)
    return counted(read, "reading headers", len(paths), progress)


def _entries(path: Path, part: str | None) -> list[Entry] | str:
    try:
        return entries(path, part)
    except UnreadableImage as error:
        return error.reason
