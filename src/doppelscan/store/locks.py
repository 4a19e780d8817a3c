"""Who may write: one process at a time, the others wait."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from doppelscan.store.objects import refuse_objects

__all__ = ["locked"]


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Until the block ends, every other process that asks for `target` waits.

    The lock is a file beside `target`. The system lets go of it when its holder ends, however it ends.
    """
    refuse_objects(target)
    path = target.with_name(f".{target.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    held = _acquired(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(held)


def _acquired(path: Path) -> int:
    """A descriptor that holds the lock of the file now at `path`, not of one that its last holder removed."""
    while True:
        held = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(held), path.stat()):
                return held
        os.close(held)
