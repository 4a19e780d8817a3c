"""One function over many items, in child processes, results in the order of the items."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.process import BaseProcess
from typing import TypeVar

from doppelscan.errors import DoppelscanError

__all__ = ["WorkerDied", "map_ordered"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerDied(DoppelscanError):
    """A child process was killed or crashed: out of memory, most often."""


def map_ordered(
    function: Callable[[Item], Result], items: Iterable[Item], *, workers: int, group: int = 1
) -> Iterator[Result]:
    """`function(item)` for each item, in order, at most a few groups of `group` items ahead of the reader.

    With one worker everything runs in this process. Otherwise `function`, items and results must be
    picklable and `function` importable: children are spawned, since a fork of a process that holds
    threads (torch, OpenCV) can hang.

    Raises
    ------
    WorkerDied
        If a child process ends without a result.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    groups = _groups(iter(items), group)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            waiting = deque(pool.submit(_apply, function, part) for part in islice(groups, 2 * workers))
            while waiting:
                done: Future[list[Result]] = waiting.popleft()
                results = done.result()
                waiting.extend(pool.submit(_apply, function, part) for part in islice(groups, 1))
                yield from results
        except BrokenProcessPool as error:
            raise WorkerDied(
                "a worker process died, most often for want of memory: try fewer workers"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


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


def _apply(function: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    return [function(item) for item in items]
