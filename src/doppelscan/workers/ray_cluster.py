"""How does a Ray cluster do what is mapped? In order, bounded ahead; what a dead worker had is done again elsewhere."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from doppelscan import limits
from doppelscan.errors import DoppelscanError, InputError, MissingExtra, Problem
from doppelscan.workers.places import Needs, taken_by
from doppelscan.workers.processes import WorkerDied, apply
from doppelscan.workers.tours import Tours, Visit

__all__ = ["ClusterLost", "on_ray"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_AGAIN = 3  # times that an item whose worker or machine died is tried again
_LOOK = 5.0  # seconds between two looks at the machines while nothing ends
_KNOCK = 10.0  # seconds for the head to open its door
_PATIENCE = 60.0  # seconds without a machine that can work: time for one to come back


class ClusterLost(DoppelscanError):
    """No machine of the cluster is left, or none can be reached."""


@contextlib.contextmanager
def on_ray(address: str | None) -> Iterator[None]:
    """Inside, the Ray cluster at this address does what is mapped; with None this machine does.

    `auto` is the cluster that this machine belongs to. Where Ray is connected already, it stays connected.

    Raises
    ------
    InputError
        If Ray is not installed, there is no such cluster, it has no core, or a machine has another doppelscan.
    """
    if address is None:
        yield
        return
    ray = _imported()
    connected = ray.is_initialized()
    if not connected:
        _connect(ray, address)
    try:
        machines = RayCluster(ray, address)
        machines.check()
        with taken_by(machines):
            yield
    finally:
        if not connected:
            ray.shutdown()


def _imported() -> Any:
    """Ray, without what it says while it is loaded."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ray
            import ray.exceptions
            import ray.util.scheduling_strategies
    except ImportError as error:
        raise MissingExtra("ray", "ray", "--ray") from error
    return ray


def _connect(ray: Any, address: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _knock(address)
            ray.init(address=address, logging_level="FATAL", log_to_driver=False)
        _quieten(ray)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        why = str(error).strip().splitlines() or [type(error).__name__]
        cure = "start one with `ray start --head`, and run this command on one of its machines"
        what, page = f"there is no Ray cluster: {why[0]}", "howto/cluster.md"
        raise InputError(Problem(what, where=f"--ray {address}", cure=cure, page=page)) from error


def _knock(address: str) -> None:
    """Raise OSError where nobody listens: Ray would wait for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=_KNOCK).close()


def _quieten(ray: Any) -> None:
    """Ray tells of each worker that died on stdout, where results for machines stand; there is no setting for it."""
    inner: Any = ray._private.worker
    if hasattr(inner, "print_to_stdstream"):
        inner.print_to_stdstream = lambda *_args, **_kwargs: None


@dataclass(frozen=True, eq=False)
class RayCluster:
    """A cluster that this process is connected to."""

    ray: Any
    address: str
    _seen: list[float] = field(default_factory=lambda: [time.monotonic()])
    _seats: dict[tuple[str, int], Any] = field(default_factory=dict)  # by machine, and number there
    _gpu_seats: list[Any] = field(default_factory=list)

    def check(self) -> None:
        """Refuse a cluster that cannot do our work.

        Raises
        ------
        InputError
            If no machine has a core, or one lacks this version of doppelscan.
        """
        where = f"--ray {self.address}"
        nodes = self.nodes()
        if not nodes:
            cure = "add a machine with `ray start --address`"
            raise InputError(Problem("no machine of the cluster has a core", where=where, cure=cure))
        here = _version()
        cure = f"install doppelscan {here}, with the same Python, on every machine"
        if problems := [
            Problem(f"{node['NodeManagerAddress']} has {found}", where=where, cure=cure)
            for node, found in zip(nodes, self._versions(nodes), strict=True)
            if found != here
        ]:
            raise InputError(dict.fromkeys(problems))

    @property
    def cores(self) -> int:
        """How many all machines have now."""
        return sum(_cores_of(node) for node in self.nodes())

    @property
    def gpus(self) -> int:
        """How many all machines have now."""
        return sum(int(node["Resources"].get("GPU", 0)) for node in self.nodes())

    @property
    def seats_on_gpus(self) -> int:
        """How many GPUs the workers have that stay."""
        return len(self._gpu_seats)

    def nodes(self) -> list[dict[str, Any]]:
        """The machines that have a core, in an order of their own."""
        found = [node for node in self.ray.nodes() if node["Alive"] and _cores_of(node)]
        return sorted(found, key=lambda node: str(node["NodeID"]))

    def mapped(
        self, function: Callable[[Item], Result], groups: Iterable[list[Item]], needs: Needs
    ) -> Iterator[Result]:
        """The function of each item, in order; as many groups ahead as twice fill the machines."""
        if needs.gpu:
            self._refuse_without_gpus()
            self._clear_gpus()
        groups, told, moved = iter(groups), self.ray.put(function), dict(limits.moved())
        do = self.remote(_applied, needs, max_retries=_AGAIN)
        ahead = 2 * max(1, (self.gpus if needs.gpu else self.cores // needs.cores))
        waiting = deque(do.remote(told, part, moved) for part in islice(groups, ahead))
        try:
            while waiting:
                results: list[Result] = self.got(waiting[0], gpus=int(needs.gpu))
                waiting.popleft()
                waiting.extend(do.remote(told, part, moved) for part in islice(groups, 1))
                yield from results
        finally:
            for left in waiting:
                self.ray.cancel(left)

    def stations(self, make: Callable[[Any], object], parts: Sequence[object], needs: Needs) -> Tours:
        """A place for each part on a worker that stays; it is made again, of the same part, where that dies."""
        return Tours(self, [self.ray.put((make, part)) for part in parts], needs)

    def seated(self, tours: Tours) -> list[Visit]:
        """How each part of these tours is visited.

        The same workers hold the parts of all tours: one that begins takes seconds to load what it needs.
        """
        seats = self._on_gpus() if tours.needs.gpu else self._on_cores()
        ours = [seats[n % len(seats)] for n in range(len(tours.kept))]
        keys = [part.hex() for part in tours.kept]
        weakref.finalize(tours, _leave, list(zip(ours, keys, strict=True))).atexit = False
        moved = dict(limits.moved())
        return [
            partial(seat.visited.remote, [part], moved) for seat, part in zip(ours, tours.kept, strict=True)
        ]

    def _on_cores(self) -> list[Any]:
        """Of no core for Ray, so that the workers of a lost machine always find room on those that are left."""
        places = [(node["NodeID"], k) for node in self.nodes() for k in range(_cores_of(node))]
        if not places:
            raise ClusterLost(f"no machine of the Ray cluster at {self.address} is left to work")
        near = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        seats = {
            (node, k): self._seats.get((node, k)) or self._seat(scheduling_strategy=near(node, soft=True))
            for node, k in places
        }
        self._seats.clear()
        self._seats.update(seats)
        return list(seats.values())

    def _on_gpus(self) -> list[Any]:
        """Each with a GPU of its own, until something else needs GPUs."""
        self._refuse_without_gpus()
        if len(self._gpu_seats) != self.gpus:
            self._clear_gpus()
            self._gpu_seats.extend(self._seat(num_gpus=1) for _ in range(self.gpus))
        return self._gpu_seats.copy()

    def _clear_gpus(self) -> None:
        while self._gpu_seats:
            self.ray.kill(self._gpu_seats.pop())

    def _refuse_without_gpus(self) -> None:
        if not self.gpus:
            cure = "--device cpu, or `ray start --num-gpus` where one is"
            raise InputError(
                Problem("no machine of the cluster has a GPU", where=f"--ray {self.address}", cure=cure)
            )

    def _seat(self, **where: Any) -> Any:
        return (
            self.ray.remote(Station)
            .options(num_cpus=0, max_restarts=-1, max_task_retries=_AGAIN, **where)
            .remote()
        )

    def remote(self, function: Callable[..., Any], needs: Needs, **options: Any) -> Any:
        """What runs the function on a machine that has room."""
        most = max((_cores_of(node) for node in self.nodes()), default=1)
        return self.ray.remote(function).options(
            num_cpus=min(needs.cores, most), num_gpus=int(needs.gpu), **options
        )

    def got(self, answer: Any, *, gpus: int = 0) -> Any:
        """The value that was promised, by workers that need so many GPUs; or our own error."""
        self.first_of([answer], gpus=gpus)
        errors = self.ray.exceptions
        try:
            return self.ray.get(answer)
        except errors.RayTaskError as error:
            raise error.cause from error
        except (errors.WorkerCrashedError, errors.RayActorError, errors.OutOfMemoryError) as error:
            raise WorkerDied(
                "a worker of the cluster died each time that it was given the same work, most often for want of "
                "memory: give less --memory, or larger machines"
            ) from error
        except errors.RayError as error:
            raise ClusterLost(f"the Ray cluster lost what it had found: {_first_line(error)}") from error

    def first_of(self, answers: Sequence[Any], *, gpus: int = 0) -> Any:
        """The first of some promised values that is there."""
        while True:
            ready, _ = self.ray.wait(list(answers), timeout=_LOOK)
            if ready:
                self._seen[0] = time.monotonic()
                return ready[0]
            self._refuse_hopeless(gpus)

    def _refuse_hopeless(self, gpus: int) -> None:
        try:
            alive = bool(self.nodes()) and self.gpus >= gpus
        except Exception as error:
            raise ClusterLost(f"the Ray cluster does not answer: {_first_line(error)}") from error
        if alive:
            self._seen[0] = time.monotonic()
        elif time.monotonic() - self._seen[0] > _PATIENCE:
            here = f"of the Ray cluster at {self.address}"
            gone = f"{gpus - self.gpus} of {gpus} GPUs {here} are" if gpus else f"no machine {here} is"
            left = "gone" if gpus else "left to work"
            raise ClusterLost(
                f"{gone} {left}, for {_PATIENCE:.0f} s: add one and run the same command again, it goes on where it "
                "stood"
            )

    def _versions(self, nodes: Sequence[dict[str, Any]]) -> list[str]:
        near, ask = (
            self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy,
            self.ray.remote(_version),
        )
        places = [near(node["NodeID"], soft=True) for node in nodes]
        answers = [ask.options(num_cpus=0, scheduling_strategy=place).remote() for place in places]
        return [str(self._said(answer)) for answer in answers]

    def _said(self, answer: Any) -> object:
        try:
            return self.got(answer)
        except (ImportError, ClusterLost) as error:
            return f"no doppelscan: {_first_line(error)}"


class Station:
    """A worker that holds parts, each made when it is first asked for."""

    def __init__(self) -> None:
        self._held: dict[str, object] = {}

    def visited(
        self,
        kept: list[Any],
        moved: Mapping[str, str],
        step: Callable[..., Result],
        told: object,
        item: object,
        found: object,
    ) -> Result:
        """What a step makes of an item, where the part is that was `kept`, under the limits of who asks."""
        limits.moved_here(moved)
        key = kept[0].hex()
        if key not in self._held:
            import ray

            make, part = ray.get(kept[0])
            self._held[key] = make(part)
        return step(self._held[key], told, item, found)

    def leave(self, key: str) -> None:
        """Let go of a part."""
        self._held.pop(key, None)


def _leave(seats: Sequence[tuple[Any, str]]) -> None:
    """Let workers go on without the parts that nobody will visit again."""
    for seat, key in seats:
        with contextlib.suppress(Exception):  # the cluster may be gone by now
            seat.leave.remote(key)


def _applied(function: Callable[[Item], Result], items: list[Item], moved: Mapping[str, str]) -> list[Result]:
    """What a worker does with a group, under the limits of the machine that asks."""
    limits.moved_here(moved)
    return apply(function, items)


def _version() -> str:
    return str(sys.modules["doppelscan"].__version__)


def _cores_of(node: dict[str, Any]) -> int:
    return int(node["Resources"].get("CPU", 0))


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
