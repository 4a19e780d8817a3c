"""What the machine may be asked for: memory, workers, device."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from doppelscan.control_groups import cores_left, memory_left
from doppelscan.errors import InputError, Problem

__all__ = [
    "Resources",
    "cores",
    "free_memory",
    "give_back_memory",
    "let_threads_sleep",
    "limit_threads",
    "parse_memory",
]

_MALLOPT = {-1: 4 * 2**20, -3: 4 * 2**20, -8: 2}
"""Of glibc's `malloc.h`: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD (blocks of 4 MB are given back), M_ARENA_MAX."""
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def cores() -> int:
    """How many cores this process may use: the least of those it may run on and what its control groups grant."""
    return min(_cores_to_run_on(), cores_left() or 2**20)


def free_memory() -> int:
    """Bytes of memory that are free now: the least of what the system and the control groups leave."""
    return min(_available_to_system(), memory_left() or 2**60)


def limit_threads() -> None:
    """Let libraries that are loaded later, here or in child processes, start no more threads than there are cores.

    They look at the cores that they may run on and know of no quota. What the user has set stays; without a quota
    nothing is set.
    """
    if cores() < _cores_to_run_on():
        for name in _THREADS:
            os.environ.setdefault(name, str(cores()))


def let_threads_sleep() -> None:
    """Let threads of libraries that are loaded later sleep, not spin, while they wait for each other.

    A spinning thread takes the core from the one it waits for, wherever there is other work or a core is half of one
    (docs/log.md). What the user has set stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def give_back_memory() -> None:
    """Let memory that is freed from now on go back to the system, where the C library is glibc.

    Left alone it keeps what was freed for what may come, a quarter more than an audit needs (docs/log.md).
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option is not None:
        for option, value in _MALLOPT.items():
            set_option(option, value)


def parse_memory(text: str) -> int:
    """Bytes in `2GB`, `512MiB`, `1.5g` or `1000000`; a unit is a power of 1,024. Of any other text an InputError.

    Examples
    --------
    >>> parse_memory("2GB")
    2147483648
    """
    match = re.fullmatch(r"\s*(\d{1,18}(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", text, re.IGNORECASE)
    if not match:
        raise InputError(
            Problem(f"{text!r} is not an amount of memory", where="--memory", cure="write 2GB or 512MB")
        )
    return int(float(match[1]) * _UNITS[match[2].upper()])


@dataclass(frozen=True)
class Resources:
    """What one command may use: bytes of memory for blocks of pixels, worker processes, a device.

    Workers are processes of this machine, or of a cluster; `threads` are of this process. `device` is a torch
    device's name, or "auto" for a GPU when there is one.
    """

    memory: int = field(default_factory=lambda: free_memory() // 2)
    workers: int = field(default_factory=cores)
    device: str = "auto"

    @property
    def threads(self) -> int:
        """How many threads of this process may work at once."""
        return min(self.workers, cores())

    @property
    def share(self) -> Resources:
        """What one worker may use, where a machine has as many as cores."""
        return replace(self, memory=self.memory // cores(), workers=1)


def _cores_to_run_on() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _available_to_system() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    return 4 * 2**30
