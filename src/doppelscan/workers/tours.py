"""In which order do items visit the stations of a cluster? Whichever is free takes the first that it has not seen."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from doppelscan.workers.places import Needs

if TYPE_CHECKING:
    from doppelscan.workers.ray_cluster import RayCluster

__all__ = ["Tours"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(eq=False)
class _Tour:
    """An item on its way: where it has still to go, and what was found of it."""

    number: int
    item: Any
    left: set[int]
    found: Any = None


@dataclass(frozen=True, eq=False)
class Tours:
    """What stations of a cluster are made of, which must live as long as they: one that dies is made anew."""

    cluster: RayCluster
    kept: Sequence[Any]
    needs: Needs
    _there: list[Any] = field(default_factory=list)

    def toured(
        self, step: Callable[..., Result], items: Iterable[Item], *, beside: Sequence[object]
    ) -> Iterator[Result]:
        """What `places.Stations` promises; at most two items a station are under way or wait for their turn.

        All stations work from the first moment, each on another item, and what one has found travels on as what the
        next has to beat. It passes through this process, so that no machine's death loses it.
        """
        put, stations = self.cluster.ray.put, self._stations()
        told, step_there = [put(one) for one in beside], put(step)
        coming = (_Tour(number, put(item), set(range(len(told)))) for number, item in enumerate(items))
        waiting: list[_Tour] = []
        busy: dict[Any, tuple[int, _Tour]] = {}
        ended: dict[int, Result] = {}
        given = 0
        while True:
            room = 2 * len(told) - len(waiting) - len(busy) - len(ended)
            waiting.extend(islice(coming, max(0, room)))
            free = sorted(set(range(len(told))) - {station for station, _ in busy.values()})
            for station, tour in _matched(free, waiting):
                visited = stations[station].visited
                busy[visited.remote(step_there, told[station], tour.item, tour.found)] = station, tour
            if not busy:
                return
            tour = self._back(busy)
            if tour.left:
                bisect.insort(waiting, tour, key=lambda one: one.number)
            else:
                ended[tour.number] = tour.found
            while given in ended:
                yield ended.pop(given)
                given += 1

    def left(self) -> list[Any]:
        """The stations, which are no longer these tours': the next tour is of new ones."""
        there = self._there.copy()
        self._there.clear()
        return there

    def _stations(self) -> list[Any]:
        if not self._there:
            self._there.extend(self.cluster.seated(self))
        return self._there

    def _back(self, busy: dict[Any, tuple[int, _Tour]]) -> _Tour:
        """The first item that comes back from a station, which has it behind it."""
        gpus = len(self.kept) if self.needs.gpu else 0
        answer = self.cluster.first_of(list(busy), gpus=gpus)
        station, tour = busy.pop(answer)
        tour.found = self.cluster.got(answer, gpus=gpus)
        tour.left.remove(station)
        return tour


def _matched(free: Sequence[int], waiting: list[_Tour]) -> Iterator[tuple[int, _Tour]]:
    """Free stations, each with the first item that has not been there; these wait no longer."""
    for station in free:
        tour = next((one for one in waiting if station in one.left), None)
        if tour is not None:
            waiting.remove(tour)
            yield station, tour
