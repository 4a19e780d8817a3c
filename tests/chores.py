"""Functions that child processes of the tests run; they must be importable there."""

from __future__ import annotations

import os
import signal
import sys
import time


def double(x: int) -> int:
    return 2 * x


def die_at_three(x: int) -> int:
    if x == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def fail_at_two(x: int) -> int:
    if x == 2:
        raise ValueError("two")
    return x


def tell_and_wait(x: int) -> int:
    os.write(sys.stdout.fileno(), b"%d\n" % os.getpid())  # one write: two children never share a line
    time.sleep(60)
    return x


def whoami(_item: int) -> int:
    """The process that this runs in."""
    return os.getpid()


def has_loaded(module: str) -> bool:
    """Whether this process has loaded a module."""
    return module in sys.modules
