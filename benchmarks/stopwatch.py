"""How long work takes: by the clock, and of all processors, which company on the machine hardly changes."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

__all__ = ["Timed", "company", "ratios", "timed"]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Timed(Generic[Result]):
    """Seconds by the clock, seconds of processors (of child processes that have ended, too), and what came out."""

    seconds: float
    cpu_seconds: float
    result: Result


def timed(work: Callable[[], Result]) -> Timed[Result]:
    """The work, done once."""
    start, used = time.perf_counter(), _cpu_seconds()
    result = work()
    return Timed(time.perf_counter() - start, _cpu_seconds() - used, result)


def ratios(of: list[Timed[Result]], over: list[Timed[Result]]) -> tuple[float, float]:
    """The medians over runs that took turns of how many times as long: by the clock, of processors."""
    pairs = list(zip(of, over, strict=True))
    by_clock = np.median([one.seconds / other.seconds for one, other in pairs])
    return float(by_clock), float(np.median([one.cpu_seconds / other.cpu_seconds for one, other in pairs]))


def company() -> str:
    """How busy the machine is, for whoever reads the figures."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)
