"""What lies hidden beside a file or folder while work on it goes on? Drafts, locks, what is half written."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

__all__ = ["beside", "contents"]

_KINDS = ("draft", "lock", "partial")
_ENDS = tuple(f".{kind}" for kind in _KINDS)
_LONGEST = 120  # bytes of a name that is kept; an encrypted file system may allow 143 in all


def beside(target: Path, kind: str) -> Path:
    """`.NAME.kind` in the folder of `target`; a long name is told by its hash, for a file system allows 255 bytes."""
    assert kind in _KINDS
    name = os.fsencode(target.name)
    kept = target.name if len(name) <= _LONGEST else hashlib.sha256(name).hexdigest()[:32]
    return target.with_name(f".{kept}.{kind}")


def contents(place: Path) -> set[str]:
    """The names in a folder, but for what lies there hidden; none where there is no folder."""
    names = {path.name for path in place.iterdir()} if place.is_dir() else set()
    return {name for name in names if not (name.startswith(".") and name.endswith(_ENDS))}
