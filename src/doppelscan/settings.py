"""What the machine may be asked for: memory, workers, device."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from doppelscan.errors import InputError, Problem

__all__ = ["Resources", "cores", "free_memory", "parse_memory"]

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Bytes of memory that are free now: the least of what the system and the control group leave."""
    return min([_available_to_system(), *_available_to_group()])


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


def _available_to_group() -> list[int]:
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (
            (group / "memory.max").read_text().strip(),
            (group / "memory.current").read_text().strip(),
        )
        return [max(int(limit) - int(used), 2**28)]
    except (OSError, ValueError):  # no control group, or no limit ("max")
        return []
