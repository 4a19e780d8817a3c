"""Who may write here? One process at a time; the others wait, and say for whom."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import shlex
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from doppelscan.errors import InputError, Problem
from doppelscan.store.atomic import check_writable
from doppelscan.store.hidden import beside

__all__ = ["LOCK", "locked"]

LOCK = ".doppelscan.lock"
"""Of a folder that cannot have a file beside it."""

_PATIENCE = 1.0  # seconds that are waited without a word
_LOOKS = (0.001, 0.5)  # seconds from one look at a lock to the next: at first, and at most
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
_UNLOCKED = "DOPPELSCAN_UNLOCKED"
_HERE = threading.local()


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Until the block ends, every other process that asks for `target` waits, and logs who holds it.

    The lock is a file that names its holder, beside `target` or, in a folder whose own place cannot be written to,
    inside. The system lets go of it when its holder ends, however that ends. Within the block the same thread may
    ask again.

    Raises
    ------
    InputError
        If nothing can be written there; if the file system has no locks, unless the variable DOPPELSCAN_UNLOCKED
        says that none is needed; or if the file is another user's.
    """
    path = _place(target)
    held: set[Path] = _HERE.__dict__.setdefault("held", set())
    if path in held or os.environ.get(_UNLOCKED):
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = _acquired(path, target)
    held.add(path)
    try:
        yield
    finally:
        held.remove(path)
        path.unlink(missing_ok=True)
        os.close(handle)


def _place(target: Path) -> Path:
    """Where the lock is, whatever links lead to the target."""
    real = Path(os.path.realpath(target))
    if real.is_dir() and not os.access(real.parent, os.W_OK) and os.access(real, os.W_OK):
        return real / LOCK
    check_writable(target)
    return beside(real, "lock")


@dataclass(frozen=True)
class _Holder:
    """A process that holds a lock."""

    pid: int
    host: str
    command: str
    since: str

    @staticmethod
    def this() -> _Holder:
        """What this process is, from now on."""
        command = shlex.join([os.path.basename(sys.argv[0]), *sys.argv[1:]])  # noqa: PTH119 - of a text
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        return _Holder(os.getpid(), socket.gethostname(), command[:300], now)

    @staticmethod
    def told(path: Path) -> str:
        """Who the file at `path` says holds it."""
        try:
            one = _Holder(**json.loads(path.read_bytes()[:10_000]))
        except (OSError, ValueError, TypeError):
            return "another process"
        return f"process {one.pid} on {one.host}, which writes there since {one.since} ({one.command})"


def _acquired(path: Path, target: Path) -> int:
    """A descriptor that holds the lock, however long that takes."""
    begun, pause, told = time.monotonic(), _LOOKS[0], ""
    while (handle := _taken(path)) is None:
        if time.monotonic() - begun > _PATIENCE and (holder := _Holder.told(path)) != told:
            told = holder
            logging.getLogger(__name__).warning("%s: waiting for %s", target, holder)
        time.sleep(pause)
        pause = min(2 * pause, _LOOKS[1])
    with contextlib.suppress(OSError):  # who holds it is good to know; a full disk must not hold it up
        os.truncate(handle, 0)
        os.write(handle, json.dumps(asdict(_Holder.this())).encode())
    return handle


def _taken(path: Path) -> int | None:
    """A descriptor that holds the lock of the file now at `path`, not of one that its last holder removed.

    None where another process holds it.
    """
    handle = _opened(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), path.lstat()):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError as error:
        os.close(handle)
        if error.errno in _UNSUPPORTED:
            raise _without_locks(path, error) from error
        raise
    os.close(handle)
    return None


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    except PermissionError as error:
        if not path.exists():
            raise
        cure = f"wait for {_Holder.told(path)}; if that has ended, delete this file"
        raise InputError(Problem("is the lock of another user", where=str(path), cure=cure)) from error


def _without_locks(path: Path, error: OSError) -> InputError:
    path.unlink(missing_ok=True)
    cure = (
        "name a folder on another disk (DOPPELSCAN_CACHE moves the cache), or set "
        f"{_UNLOCKED}=1 if no other process writes there"
    )
    what = f"this file system has no locks: {error.strerror}"
    return InputError(Problem(what, where=str(path.parent), cure=cure))
