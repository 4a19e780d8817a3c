"""What a cluster would be without Ray: so many processes of this machine, each with its part, told by pipes.

Only to measure what Ray costs. Nothing is done again here that a dead process had.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import SimpleNamespace
from typing import Any

from doppelscan.workers.places import Needs
from doppelscan.workers.tours import Tours

__all__ = ["LocalStations"]


@dataclass(frozen=True)
class LocalStations:
    """So many processes, in the place of a cluster."""

    cores: int
    gpus: int = 0

    @property
    def ray(self) -> Any:
        """What would keep values for workers: here each is sent along."""
        return SimpleNamespace(put=lambda value: value)

    def mapped(self, function: Callable[..., Any], groups: Any, needs: Needs) -> Iterator[Any]:
        """Nothing but searches is measured."""
        raise NotImplementedError

    def stations(self, make: Callable[[Any], object], parts: Sequence[object], needs: Needs) -> Any:
        """A process for each part."""
        return Tours(self, [(make, part) for part in parts], needs)  # type: ignore[arg-type]

    def seated(self, tours: Tours) -> list[Any]:
        """The processes, started as a pool starts its own."""
        return [_Station.begun(*kept) for kept in tours.kept]

    def first_of(self, answers: Sequence[_Answer], *, gpus: int = 0) -> _Answer:
        """The first that has come."""
        (first, *_) = wait([answer.pipe for answer in answers])
        return next(answer for answer in answers if answer.pipe is first)

    def got(self, answer: _Answer, *, gpus: int = 0) -> Any:
        """What was answered."""
        return answer.pipe.recv()


@dataclass(frozen=True, eq=False)
class _Answer:
    """What a process will say."""

    pipe: Connection


@dataclass(frozen=True, eq=False)
class _Station:
    """A process that holds a part, asked as Ray asks one: `station.visited.remote(...)`."""

    pipe: Connection

    @staticmethod
    def begun(make: Callable[[Any], object], part: object) -> _Station:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        context.Process(target=_serve, args=(theirs, make, part), daemon=True).start()
        return _Station(ours)

    @property
    def visited(self) -> Any:
        return SimpleNamespace(remote=self._asked)

    def _asked(self, *question: object) -> _Answer:
        self.pipe.send(question)
        return _Answer(self.pipe)


def _serve(pipe: Connection, make: Callable[[Any], object], part: object) -> None:
    held = make(part)
    while True:
        step, *rest = pipe.recv()
        pipe.send(step(held, *rest))
