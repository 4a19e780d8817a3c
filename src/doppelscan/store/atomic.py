"""Writes that are whole or not there: write beside the target, fsync, rename."""

from __future__ import annotations

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from doppelscan.errors import InputError, Problem
from doppelscan.store.hidden import beside
from doppelscan.store.objects import refuse_objects

__all__ = ["atomic_file", "check_writable", "write_bytes", "write_text"]


@contextlib.contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """A path to write to; it becomes `target` when the block ends well, and is removed when it does not.

    One that a killed process left is written over by the next that writes the same target.
    """
    refuse_objects(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _draft_of(target) as draft:
        try:
            yield draft
            _sync(draft)
            draft.replace(target)
        except BaseException as error:
            draft.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(target)  # a write that fails, as on a full disk, does not say where
            raise
        _sync(target.parent)


def check_writable(target: Path) -> None:
    """Refuse a place that cannot be written to, before the work that would end there.

    Raises
    ------
    InputError
        If the folder that holds `target`, or would be made for it, is none or may not be written to, or `target` is a
        link to nothing.
    """
    refuse_objects(target)
    if os.path.islink(target) and not os.path.exists(target):  # noqa: PTH110, PTH114 - False, not an error
        raise InputError(Problem("is a link that leads nowhere", where=str(target), cure="name another"))
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


@contextlib.contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """An empty file of a name that is always the same, unless another process is writing there."""
    usual = beside(target, "draft")
    handle = _claimed(usual)
    if handle is None:
        yield target.with_name(f".{uuid.uuid4().hex}.draft")
        return
    try:
        yield usual
    finally:
        os.close(handle)


def _claimed(draft: Path) -> int | None:
    """A descriptor that keeps others from the file, now empty; None where another has it, or nobody can."""
    try:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_ours(os.fstat(handle), draft.lstat()):
            os.truncate(handle, 0)
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:  # a file system without locks
        draft.unlink(missing_ok=True)
    os.close(handle)
    return None


def _is_ours(held: os.stat_result, found: os.stat_result) -> bool:
    """Whether what is held is still what has the name, and is no file that another user has put there."""
    return os.path.samestat(held, found) and held.st_uid == os.geteuid() and held.st_nlink == 1


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
