"""How do loops become machine code? By numba, kept on disk between runs, free of Python's lock while they run."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from numba import njit

__all__ = ["compiled"]


def compiled(loops: Callable[..., Any]) -> Callable[..., Any]:
    """The loops as machine code; unwrapped, since what checks types in tests cannot be compiled.

    What is kept is renewed when the file of the loops changes: constants of other files are handed over as arguments.
    """
    machine_code: Callable[..., Any] = njit(inspect.unwrap(loops), nogil=True, cache=True)
    return machine_code
