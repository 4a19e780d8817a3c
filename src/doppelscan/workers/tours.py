"""In which order do items visit the stations of a cluster? Whichever is free takes the first that it has not seen."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from doppelscan.workers.places import Needs

if TYPE_CHECKING:
    from doppelscan.workers.ray_cluster import RayCluster

__all__ = ["Tours", "Visit"]

Visit: TypeAlias = Callable[..., Any]
"""Asked with a step, what it is told, an item and what was found of it: the promise of what the step makes of it."""

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
    """Parts on the workers of a cluster, and what each is made of: a worker that dies makes its parts anew."""

    cluster: RayCluster
    kept: Sequence[Any]
    needs: Needs

    def toured(
        self, step: Callable[..., Result], items: Iterable[Item], *, beside: Sequence[object]
    ) -> Iterator[Result]:
        """What `places.Stations` promises; at most two items a station are under way or wait for their turn.

        All stations work from the first moment, each on another item, and what one has found travels on as what the
        next has to beat. It passes through this process, so that no machine's death loses it.
        """
        put, visits = self.cluster.ray.put, self.cluster.seated(self)
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
                busy[visits[station](step_there, told[station], tour.item, tour.found)] = station, tour
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

    def _back(self, busy: dict[Any, tuple[int, _Tour]]) -> _Tour:
        """The first item that comes back from a station, which has it behind it."""
        gpus = self.cluster.seats_on_gpus if self.needs.gpu else 0
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
