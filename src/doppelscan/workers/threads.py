"""How many threads do libraries take inside a thread of ours? One: two pools get in each other's way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from threadpoolctl import threadpool_limits

__all__ = ["single_threaded_algebra", "single_threaded_vision"]


def single_threaded_algebra() -> AbstractContextManager[object]:
    """Within it, NumPy's products run on the thread that asks for them. Results are the same."""
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits


@contextmanager
def single_threaded_vision() -> Iterator[None]:
    """Within it, OpenCV works on the thread that asks. Results are the same."""
    import cv2  # a tenth of a second, which only those pay who look at pixels

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
