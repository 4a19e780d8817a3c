"""What lies under a folder? Everything, up to a limit: a folder that invents names would be walked for ever."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from doppelscan.errors import InputError, Problem
from doppelscan.limits import FILES

__all__ = ["Met", "walked"]

Entry = TypeVar("Entry")


@dataclass
class Met:
    """How many files and folders of one place were met so far."""

    place: Path
    n: int = 0

    def counted(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The entries themselves.

        Raises
        ------
        InputError
            Where they are more than the limit.
        """
        most = FILES.value
        for entry in entries:
            self.n += 1
            if self.n > most:
                what = f"holds more than {most:,} files and folders"
                cure = f"name a folder of images; {FILES.variable} moves the limit"
                raise InputError(Problem(what, where=str(self.place), cure=cure))
            yield entry


def walked(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """Every file, link and folder under a folder, in no order; no link is followed, what cannot be listed is left out.

    Raises
    ------
    InputError
        Where they are more than the limit.
    """
    met, left = Met(folder), [str(folder)]
    while left:
        try:
            found = os.scandir(left.pop())
        except OSError:
            continue
        with found as entries:
            for entry in met.counted(entries):
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
