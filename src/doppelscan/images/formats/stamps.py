"""Is a file still the one that was read before? Its time alone does not say: clocks go back, and copies keep times."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

__all__ = ["Stamp", "stamp"]

Stamp: TypeAlias = tuple[int, int, int, int]
"""Equal for one file that nobody has written to."""


def stamp(path: Path) -> Stamp:
    """Which file is at a path, how large it is, and when it was changed by its own and by the system's account.

    The last is nobody's to set: a copy that brings its time along has another.
    """
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
