"""The lines of a PNG as they were before they were filtered: loops compiled by numba.

Importing this module costs half a second; it pays from about a thousand pictures on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from jaxtyping import UInt8
from numba import njit

__all__ = ["unfiltered"]


def unfiltered(lines: UInt8[np.ndarray, "rows width"], step: int) -> UInt8[np.ndarray, "rows rest"] | None:
    """The samples of lines that each begin with the number of their filter; None if there is no such filter.

    A sample's left neighbour is `step` before it. (W3C, Portable Network Graphics, 3rd ed., section 9.)
    """
    found = np.empty((len(lines), lines.shape[1] - 1), dtype=np.uint8)
    return found if _unfilter(lines, step, found) else None


def _compiled(*types: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Loops as machine code, at once where types are given; unwrapped: what checks types in tests is not compiled."""

    def compiled(loops: Callable[..., Any]) -> Callable[..., Any]:
        found: Callable[..., Any] = njit(list(types) or None, nogil=True, cache=True)(inspect.unwrap(loops))
        return found

    return compiled


@_compiled()
def _nearest_to_plane(left, up, corner):  # type: ignore[no-untyped-def]
    """Paeth's predictor: of the three the nearest to left + up - corner, the first of equals."""
    by_left, by_up, by_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if by_left <= by_up and by_left <= by_corner:
        return left
    return up if by_up <= by_corner else corner


@_compiled()
def _unfilter_line(kind, line, above, found):  # type: ignore[no-untyped-def]
    """Undo one line of one channel: `left`, `up` and `corner` are the sample's neighbours, 0 beyond the edge."""
    left = corner = np.int64(0)
    for x in range(line.size):
        value, up = np.int64(line[x]), np.int64(above[x])
        if kind == 1:
            value += left
        elif kind == 2:
            value += up
        elif kind == 3:
            value += (left + up) // 2
        elif kind == 4:
            value += _nearest_to_plane(left, up, corner)
        elif kind != 0:
            return False
        left, corner = value & 255, up
        found[x] = left
    return True


_BYTES = numba.types.Array(numba.uint8, 2, "C")
_LINES = numba.types.Array(numba.uint8, 2, "C", readonly=True)


@_compiled(numba.boolean(_LINES, numba.int64, _BYTES))
def _unfilter(lines, step, found):  # type: ignore[no-untyped-def]
    above = np.zeros(found.shape[1], dtype=np.uint8)
    for y in range(len(lines)):
        line = lines[y, 1:]
        for channel in range(step):
            if not _unfilter_line(
                lines[y, 0], line[channel::step], above[channel::step], found[y, channel::step]
            ):
                return False
        above = found[y]
    return True
