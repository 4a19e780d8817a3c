"""Writes that are whole or not there: write beside the target, fsync, rename."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from doppelscan.errors import InputError, Problem
from doppelscan.store.objects import refuse_objects

__all__ = ["atomic_file", "check_writable", "write_bytes", "write_text"]


@contextlib.contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """A path to write to; it becomes `target` when the block ends well, and is removed when it does not."""
    refuse_objects(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".draft-{uuid.uuid4().hex}")
    try:
        yield draft
        _sync(draft)
        draft.replace(target)
        _sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def check_writable(target: Path) -> None:
    """Refuse a place that cannot be written to, before the work that would end there.

    Raises
    ------
    InputError
        If the folder that holds `target`, or would be made for it, is none or may not be written to.
    """
    refuse_objects(target)
    folder = next(parent for parent in target.absolute().parents if os.path.lexists(parent))
    if not os.path.isdir(folder):  # noqa: PTH112 - False, not an error, where it is forbidden
        raise InputError(Problem("is no folder", where=str(folder), cure="name another"))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(Problem("cannot be written to", where=str(folder), cure="name another folder"))


def write_bytes(target: Path, content: bytes) -> None:
    """Write `content` to `target`, whole or not at all."""
    with atomic_file(target) as draft:
        draft.write_bytes(content)


def write_text(target: Path, content: str) -> None:
    """Write `content` to `target` as UTF-8, whole or not at all."""
    write_bytes(target, content.encode())


def sync_tree(folder: Path) -> None:
    """Force everything under `folder` to disk."""
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
