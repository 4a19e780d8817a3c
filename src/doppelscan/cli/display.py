"""What the user sees while a command works: progress, errors, paths. Everything but results goes to stderr."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doppelscan.workers import Progress

__all__ = ["say", "say_error", "show_warnings", "shown_progress"]

EVERY_S = 60.0
"""Where no terminal shows bars, work that goes on says where it stands after each so many seconds."""
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""All control characters but tabs and ends of lines, other ends of lines, and what turns the direction of writing."""


def say(text: str) -> None:
    """A line of the result, on stdout."""
    sys.stdout.write(_harmless(text) + "\n")


def say_error(text: str) -> None:
    """What went wrong, on stderr, each problem on a line of its own, and once."""
    lines = dict.fromkeys(_harmless(text).split("\n"))
    sys.stderr.write("".join(f"doppelscan: {line}\n" for line in lines if line))


def show_warnings() -> None:
    """Let what is logged on the way be said on stderr, such as for whom the command waits."""
    logging.getLogger("doppelscan").handlers[:] = [_Said(logging.WARNING)]


def _harmless(text: str) -> str:
    r"""The text with what a terminal would obey, or show in another order, escaped: `\u001b`, as JSON has it."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Said(logging.Handler):
    """Says what is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        say_error(self.format(record))


@contextlib.contextmanager
def shown_progress() -> Iterator[Progress]:
    """A bar for each piece of work on a terminal; elsewhere, in logs, a line of each once a minute."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines().show
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(work: str, done: int, total: int) -> None:
            if work not in tasks:
                tasks[work] = bars.add_task(work, total=total)
            bars.update(tasks[work], completed=done, total=total)

        yield show


@dataclass
class _Work:
    """A piece of work: when it began and with how much done, how much is now, and when that was said last."""

    began: float
    before: int
    done: int
    said: float


class _Lines:
    """Says where work stands when it has gone on for a while, and again; what is done soon says nothing."""

    def __init__(self) -> None:
        self._works: dict[str, _Work] = {}

    def show(self, name: str, done: int, total: int) -> None:
        now, work = monotonic(), self._works.get(name)
        if work is None or done < work.done:  # it begins, or another of its name
            work = self._works[name] = _Work(now, done, done, now)
        work.done = done
        if now - work.said < EVERY_S:
            return
        work.said = now
        say_error(f"{name}: {done:,} of {total:,}{_left(now - work.began, done - work.before, total - done)}")


def _left(seconds: float, done: int, to_do: int) -> str:
    """How long the rest takes at the pace so far, where there is one."""
    if done <= 0 or to_do <= 0:
        return ""
    minutes = seconds * to_do / done / 60
    return f", about {minutes:.0f} min left" if minutes >= 1 else ", less than a minute left"
