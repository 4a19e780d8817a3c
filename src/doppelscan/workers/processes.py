"""One function over many items, in child processes or on a cluster, results in the order of the items."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from itertools import islice
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from doppelscan.errors import DoppelscanError
from doppelscan.workers.places import ONE_CORE, Needs, cluster
from doppelscan.workers.scripts import Script, refuse_within, script_hidden

__all__ = ["WorkerDied", "map_ordered", "processes_kept"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerDied(DoppelscanError):
    """A child process was killed or crashed: out of memory, most often."""


def map_ordered(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int,
    group: int = 1,
    needs: Needs = ONE_CORE,
) -> Iterator[Result]:
    """`function(item)` for each item, in order, at most a few groups of `group` items ahead of the reader.

    With one worker everything runs in this process. Otherwise `function`, items and results must be
    picklable and `function` importable: children are spawned, since a fork of a process that holds
    threads (torch, OpenCV) can hang; they do not run the script that called. Where a cluster takes work
    (`on_ray`), its machines are the workers, each item is worked on with what it `needs`, and what a dead
    one had is done again elsewhere.

    Raises
    ------
    WorkerDied
        If a child process ends without a result.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    groups = _groups(iter(items), group)
    if (machines := cluster()) is not None:
        yield from machines.mapped(function, groups, needs)
        return
    with _processes(workers) as pool:
        waiting: deque[Future[list[Result]]] = deque()
        try:
            waiting.extend(pool.submit(apply, function, part) for part in islice(groups, 2 * workers))
            while waiting:
                results = waiting.popleft().result()
                waiting.extend(pool.submit(apply, function, part) for part in islice(groups, 1))
                yield from results
        except BrokenProcessPool as error:
            raise WorkerDied(
                "a worker process died, most often for want of memory: try fewer workers"
            ) from error
        finally:
            for left in waiting:
                left.cancel()


@contextlib.contextmanager
def processes_kept(workers: int = 0, knowing: Sequence[str] = ()) -> Iterator[None]:
    """Inside, every `map_ordered` with as many workers uses the same children: to start one costs a second.

    `workers` of them, if more than one, start at once and load the modules that `knowing` names, while this
    process does something else.
    """
    if _KEPT:
        yield
        return
    workers = 0 if cluster() else workers
    with contextlib.ExitStack() as pools:
        _KEPT.append(cache(lambda workers: pools.enter_context(_started(workers, knowing))))
        try:
            if workers > 1:
                _KEPT[0](workers).submit(os.getpid)  # the first task starts them all
            yield
        finally:
            _KEPT.clear()


_KEPT: list[Callable[[int], ProcessPoolExecutor]] = []


@contextlib.contextmanager
def _processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Children that are kept, or new ones that end with the work."""
    if _KEPT:
        yield _KEPT[0](workers)
        return
    with _started(workers) as pool:
        yield pool


@contextlib.contextmanager
def _started(workers: int, knowing: Sequence[str] = ()) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    refuse_within()
    begin = partial(_begin, Script.here())
    pool = _Pool(workers, mp_context=context, initializer=begin, initargs=tuple(knowing))
    try:
        yield pool
    finally:
        # One call that waits: after one that does not, the pool has forgotten its thread, a second call waits for
        # nothing, and the interpreter, when it ends, may wake that thread while it closes what wakes it.
        pool.shutdown(cancel_futures=True)


class _Pool(ProcessPoolExecutor):
    """Children start when work is given to them; they begin without the script of this process."""

    def submit(self, *work: Any, **named: Any) -> Future[Any]:
        with script_hidden():
            return super().submit(*work, **named)


def _begin(script: Script, *modules: str) -> None:
    """What a child does first."""
    _end_with_parent()
    script.at_need()
    for name in modules:
        importlib.import_module(name)


def _end_with_parent() -> None:
    """Watch, in a child, for the end of its parent: an orphan would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _groups(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while part := list(islice(items, size)):
        yield part


def apply(function: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    """What a worker does with a group."""
    return [function(item) for item in items]
