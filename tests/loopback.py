"""A cluster that is this process, for tests: it takes work, and each item tours its stations in another order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from doppelscan.workers import Needs, Stations


@dataclass
class Loopback:
    """So many cores; `needed` says what work asked for, `parts` what stations were made of."""

    cores: int = 3
    gpus: int = 0
    needed: list[Needs] = field(default_factory=list)
    parts: list[object] = field(default_factory=list)

    def mapped(
        self, function: Callable[..., Any], groups: Iterable[list[Any]], needs: Needs
    ) -> Iterator[Any]:
        self.needed.append(needs)
        return map(function, chain.from_iterable(groups))

    def stations(self, make: Callable[[Any], object], parts: Sequence[object], needs: Needs) -> Stations:
        self.needed.append(needs)
        self.parts.extend(parts)
        return _Turning([make(part) for part in parts])


@dataclass(frozen=True)
class _Turning:
    """Stations of which each item begins at the next one."""

    held: Sequence[object]

    def toured(
        self, step: Callable[..., Any], items: Iterable[Any], *, beside: Sequence[object]
    ) -> Iterator[Any]:
        n = len(self.held)
        for number, item in enumerate(items):
            found = None
            for station in ((number + stop) % n for stop in range(n)):
                found = step(self.held[station], beside[station], item, found)
            yield found
