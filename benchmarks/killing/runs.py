"""How is a command run and killed? In a process group of its own, at a share of the work that it takes unbroken."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Ended", "ran"]

_LOOK = 0.01  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, or minus the signal; seconds of processors that its processes took."""

    code: int
    cpu_seconds: float


def ran(words: Sequence[str], cache: Path, said: Path, *, at_most: float = float("inf")) -> Ended:
    """Run the command; the whole group is killed once it has taken `at_most` seconds of processors.

    It is forked from a process that has loaded the modules, so that it is killed at its work and not while it loads.
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.setsid()
        _obey(words, cache, said)
    taken = 0.0
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        taken = max(taken, sum(_seconds_of(child)))
        if ended:
            break
        if taken > at_most:
            os.killpg(child, signal.SIGKILL)
        time.sleep(_LOOK)
    with contextlib.suppress(ProcessLookupError):  # children of its own
        os.killpg(child, signal.SIGKILL)
    return Ended(os.waitstatus_to_exitcode(status), taken)


def _obey(words: Sequence[str], cache: Path, said: Path) -> None:
    """Be the command."""
    from doppelscan.cli import main

    code = 0
    try:
        os.environ["DOPPELSCAN_CACHE"] = str(cache)
        with said.open("a") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.argv = ["doppelscan", *words]
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - as an interpreter would
        import traceback

        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _seconds_of(group: int) -> Iterator[float]:
    """What each process of a group has taken."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == group:
                    yield sum(map(int, fields[11:15])) / _TICKS
