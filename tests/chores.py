"""Functions that child processes of the tests run; they must be importable there."""

from __future__ import annotations

import os
import signal
import sys
import time

from doppelscan.errors import InputError, Problem


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


def die_once(marker: str, x: int) -> int:
    """Kill the process that first works on 3; the marker says that it was."""
    if x == 3 and not os.path.exists(marker):  # noqa: PTH110
        with open(marker, "w"):  # noqa: PTH123
            os.kill(os.getpid(), signal.SIGKILL)
    return x


def tell_and_linger(folder: str, x: int) -> int:
    """Say that x is being worked on, and take half a second for it."""
    with open(os.path.join(folder, str(x)), "w"):  # noqa: PTH118, PTH123
        time.sleep(0.5)
    return 2 * x


def megabytes(n: int) -> bytes:
    return bytes([n % 251]) * 2**20 * 8


def refuse(x: int) -> int:
    raise InputError([Problem("is empty", where=str(x)), Problem("is odd", cure="mend it")])


def held_of(part: int) -> tuple[int, int]:
    """A part with the process that holds it."""
    return part, os.getpid()


def visit(held: tuple[int, int], told: str, item: int, found: dict[int, str] | None) -> dict[int, str]:
    """What an item finds at a station; at station 2 item 3 kills the first process that holds it."""
    if told and held[0] == 2 and item == 3 and not os.path.exists(told):  # noqa: PTH110
        with open(told, "w"):  # noqa: PTH123
            os.kill(os.getpid(), signal.SIGKILL)
    return {**(found or {}), held[0]: f"{item}"}
