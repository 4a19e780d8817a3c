"""Functions that child processes of the tests run; they must be importable there."""

from __future__ import annotations

import os
import signal
import sys
import time

from doppelscan.errors import InputError, Problem
from doppelscan.limits import moved


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


def holder(held: tuple[int, int], _told: str, _item: int, found: dict[int, int] | None) -> dict[int, int]:
    """Which process holds each part."""
    return {**(found or {}), held[0]: held[1]}


def n_parts_held(_held: object, _told: str, _item: int, found: list[int] | None) -> list[int]:
    """How many parts each worker holds that a tour comes to."""
    import gc

    from doppelscan.workers.ray_cluster import Station

    (station,) = (one for one in gc.get_objects() if Station in type(one).__mro__)
    return [*(found or []), len(station._held)]


def limits_moved(_item: int) -> dict[str, str]:
    """The limits that this process was told of."""
    return dict(moved())


def limits_moved_there(
    _held: object, _told: object, item: int, found: list[dict[str, str]] | None
) -> list[dict[str, str]]:
    """The same, of each station."""
    return [*(found or []), limits_moved(item)]


def gpu_taken(folder: str, _item: int) -> str:
    """The GPU that this process may see, which nobody else takes meanwhile."""
    device = os.environ["CUDA_VISIBLE_DEVICES"]
    taken = os.path.join(folder, device)  # noqa: PTH118
    os.close(os.open(taken, os.O_CREAT | os.O_EXCL))
    time.sleep(0.3)
    os.unlink(taken)  # noqa: PTH108
    return device


def gpu_visited(held: int, folder: str, _item: int, found: dict[int, str] | None) -> dict[int, str]:
    """The same, of each station."""
    return {**(found or {}), held: gpu_taken(folder, 0)}
