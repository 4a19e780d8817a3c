"""What a cluster would be without Ray: so many processes of this machine, each with its part, told by pipes.

Only to measure what Ray costs. Nothing is done again here that a dead process had.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from types import SimpleNamespace
from typing import Any

from doppelscan.workers.places import Needs
from doppelscan.workers.tours import Tours, Visit

__all__ = ["LocalStations"]


@dataclass(frozen=True)
class LocalStations:
    """So many processes, in the place of a cluster."""

    cores: int
    gpus: int = 0
    _begun: dict[int, tuple[Tours, list[_Station]]] = field(default_factory=dict)

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

    def seated(self, tours: Tours) -> list[Visit]:
        """How each part is visited, in processes that are started as a pool starts its own."""
        if id(tours) not in self._begun:
            self._begun[id(tours)] = tours, [_Station.begun(*kept) for kept in tours.kept]
        return [station.visited for station in self._begun[id(tours)][1]]

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
    """A process that holds a part."""

    pipe: Connection

    @staticmethod
    def begun(make: Callable[[Any], object], part: object) -> _Station:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        context.Process(target=_serve, args=(theirs, make, part), daemon=True).start()
        return _Station(ours)

    def visited(self, *question: object) -> _Answer:
        """What a step makes of an item there, some day."""
        self.pipe.send(question)
        return _Answer(self.pipe)


def _serve(pipe: Connection, make: Callable[[Any], object], part: object) -> None:
    held = make(part)
    with contextlib.suppress(EOFError):  # whoever asked has ended
        while True:
            step, *rest = pipe.recv()
            pipe.send(step(held, *rest))
