"""What is done beside the work at hand, in a thread of this process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

__all__ = ["meanwhile"]


@contextlib.contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Run `work` while the block runs; when it ends well, wait, and raise what `work` raised."""
    with ThreadPoolExecutor(1) as thread:
        beside = thread.submit(work)
        yield
        beside.result()
