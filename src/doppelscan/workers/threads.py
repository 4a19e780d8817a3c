"""How many threads does linear algebra take inside a thread of ours? One: two pools get in each other's way."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits

__all__ = ["single_threaded_algebra"]


def single_threaded_algebra() -> AbstractContextManager[object]:
    """Within it, NumPy's products run on the thread that asks for them. Results are the same."""
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits
