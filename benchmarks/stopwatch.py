"""How long work takes: by the clock, and of all processors, which company on the machine hardly changes."""

from __future__ import annotations

import os
import re
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

__all__ = ["Timed", "company", "processor", "ratios", "take_turns", "timed", "write_table"]

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


def take_turns(works: Mapping[str, Callable[[], Result]], repeats: int) -> dict[str, list[Timed[Result]]]:
    """Each work so many times, one after the other; once before that nobody counts."""
    for work in works.values():
        work()
    runs: dict[str, list[Timed[Result]]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            runs[name].append(timed(work))
            print(f"{name}: {runs[name][-1].seconds:.2f} s; {company()}", flush=True)
    return runs


def write_table(
    what: str, runs: Mapping[str, list[Timed[Result]]], about: str, repeats: int, path: Path
) -> None:
    """Print medians over the runs, and ratios to the first work's within a run, and add them to the file."""
    first = next(iter(runs.values()))
    lines = [
        f"## {about}; median of {repeats}; {company()}\n",
        f"| {what} | seconds | times the first | seconds of processors | times the first's |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, of in runs.items():
        by_clock, of_processors = ratios(of, first)
        seconds, cpu = (np.median([getattr(run, kind) for run in of]) for kind in ("seconds", "cpu_seconds"))
        lines.append(f"| {name} | {seconds:.2f} | {by_clock:.2f} | {cpu:.2f} | {of_processors:.2f} |")
    text = "\n".join(lines) + "\n\n"
    print(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(text)


def processor() -> str:
    """The kind of processor here, as part of a file's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    line = next(line for line in lines if line.startswith("model name"))
    return re.sub(r"[^a-z0-9]+", "-", line.split(":")[1].strip().lower())


def company() -> str:
    """How busy the machine is, for whoever reads the figures."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)
