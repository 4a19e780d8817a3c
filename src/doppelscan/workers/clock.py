"""How long each stage of a command takes, and what is finished."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from doppelscan.workers.progress import Progress

__all__ = ["Clock"]


@dataclass
class Clock:
    """When a command began, how long each stage took, and a line of log for whatever was finished.

    `ended` is the work that was said to be done and was not begun again since: it is logged once.
    """

    progress: Progress
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: dict[str, float] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        begin = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begin, 3)
        self._note(f"{name} took {self.seconds[name]:.1f} s")

    def tell(self, work: str, done: int, total: int) -> None:
        """Pass progress on, and log each piece of work when it is done."""
        self.progress(work, done, total)
        if done < total:
            self.ended.discard(work)
        elif work not in self.ended:
            self.ended.add(work)
            self._note(f"{work} ({total:,})")

    def _note(self, what: str) -> None:
        self.log.append(f"{datetime.now(UTC).isoformat(timespec='seconds')} {what}")
