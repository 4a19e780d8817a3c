"""Which links lead out of the folder that they lie in? What a stranger sent may point at anything on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from doppelscan.limits import FOLLOW
from doppelscan.store.walking import walked

__all__ = ["leads_out", "links_out"]


def leads_out(path: str | Path, folder: Path) -> bool:
    """Whether a link leads to what is not under `folder`, a resolved path, and is not to be followed there."""
    if os.environ.get(FOLLOW, "") == "1":
        return False
    target = os.path.realpath(path)
    return not (target == str(folder) or target.startswith(f"{str(folder).rstrip(os.sep)}{os.sep}"))


def links_out(folder: Path) -> Iterator[str]:
    """The links under a folder that lead out of it, relative to it; no link is followed."""
    root = folder.resolve()
    for entry in walked(folder):
        if entry.is_symlink() and leads_out(entry.path, root):
            yield os.path.relpath(entry.path, folder)
