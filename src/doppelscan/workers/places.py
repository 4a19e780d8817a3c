"""Does this machine do what is mapped, or does a cluster? Asked by whoever maps; loads nothing of Ray."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

__all__ = [
    "ONE_CORE",
    "Cluster",
    "Needs",
    "Stations",
    "cluster",
    "elsewhere",
    "gpus_elsewhere",
    "stationed",
    "taken_by",
]

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Needs:
    """What one item is worked on with: so many cores, and a GPU of its own or none."""

    cores: int = 1
    gpu: bool = False


ONE_CORE = Needs()


@runtime_checkable
class Stations(Protocol):
    """Workers that each hold one part of something, made where they are, from one question to the next."""

    def toured(
        self, step: Callable[..., Result], items: Iterable[Item], *, beside: Sequence[object]
    ) -> Iterator[Result]:
        """What was found of each item, in order, after it has been at every station.

        `step(held, told, item, found)` gets what a station holds, what `beside` has to tell it, and what was found of
        the item so far, None at first. Items tour the stations in whatever order: the last answer must not depend
        on it.
        """
        ...


@runtime_checkable
class Cluster(Protocol):
    """Machines that take work."""

    @property
    def cores(self) -> int:
        """How many all machines have now."""
        ...

    @property
    def gpus(self) -> int:
        """How many all machines have now."""
        ...

    def mapped(
        self, function: Callable[[Item], Result], groups: Iterable[list[Item]], needs: Needs
    ) -> Iterator[Result]:
        """What `map_ordered` gives."""
        ...

    def stations(self, make: Callable[[Any], object], parts: Sequence[object], needs: Needs) -> Stations:
        """A worker for each part, which holds what `make` makes of it."""
        ...


_TAKING: list[Cluster] = []


def cluster() -> Cluster | None:
    """The cluster that takes what is mapped; None where this machine does it."""
    return _TAKING[-1] if _TAKING else None


def elsewhere() -> int:
    """How many items other machines take at once, 2 at least; 0 where this machine does what is mapped."""
    taking = cluster()
    return 0 if taking is None else max(2, taking.cores)


def gpus_elsewhere() -> int:
    """How many GPUs the cluster has that takes what is mapped; 0 where none does."""
    taking = cluster()
    return 0 if taking is None else taking.gpus


@contextlib.contextmanager
def taken_by(machines: Cluster) -> Iterator[None]:
    """Inside, these machines do what is mapped."""
    _TAKING.append(machines)
    try:
        yield
    finally:
        _TAKING.remove(machines)


def stationed(make: Callable[[Any], object], parts: Sequence[object], *, needs: Needs = ONE_CORE) -> Stations:
    """Stations on the cluster that takes work, or in this process where none does."""
    taking = cluster()
    return _Here([make(part) for part in parts]) if taking is None else taking.stations(make, parts, needs)


@dataclass(frozen=True, eq=False)
class _Here:
    """Stations in this process."""

    held: Sequence[object]

    def toured(
        self, step: Callable[..., Result], items: Iterable[Item], *, beside: Sequence[object]
    ) -> Iterator[Result]:
        for item in items:
            found: Result | None = None
            for held, told in zip(self.held, beside, strict=True):
                found = step(held, told, item, found)
            assert found is not None, "there are stations"
            yield found
