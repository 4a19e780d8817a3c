"""Rows that are written once and read where they are needed: in memory, or in a file without a name.

The file lies in the cache's folder and has no name, so that nothing of it stays, however the process ends. It is read
and written at places, never mapped: what is mapped counts as memory of the process.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from jaxtyping import Shaped

from doppelscan.store.cache import Cache

__all__ = ["Rows"]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one shape and type, which are zero until they are written; threads may read at once."""

    shape: tuple[int, ...]
    dtype: np.dtype
    held: Shaped[np.ndarray, "n *row"] | IO[bytes]
    folder: str = ""  # of the file

    @staticmethod
    def of(shape: tuple[int, ...], dtype: type[np.generic], *, in_memory: bool) -> Rows:
        """As many rows as the first number of `shape` says.

        Raises
        ------
        OSError
            Where the cache's folder has no room for them, here or when they are written; its name is said.
        InputError
            If it cannot be written.
        """
        if in_memory:
            return Rows(shape, np.dtype(dtype), np.zeros(shape, dtype))
        folder = Cache.default().folder("rows")
        with _named(str(folder)):
            file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - open as long as the rows are
            rows = Rows(shape, np.dtype(dtype), file, str(folder))
            weakref.finalize(rows, file.close)
            file.truncate(len(rows) * rows.row_bytes)
        return rows

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.dtype.itemsize * int(np.prod(self.shape[1:]))

    def write(self, at: int, rows: Shaped[np.ndarray, "m *row"]) -> None:
        """Put rows at a place."""
        if isinstance(self.held, np.ndarray):
            self.held[at : at + len(rows)] = rows
            return
        left = np.ascontiguousarray(rows, self.dtype).reshape(-1).view(np.uint8).data
        offset = at * self.row_bytes
        with _named(self.folder):
            while left:
                written = os.pwrite(self.held.fileno(), left, offset)
                left, offset = left[written:], offset + written

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "m *row"]:
        """The rows of a span, not to be written to."""
        if isinstance(self.held, np.ndarray):
            return self.held[start:stop]
        rows = np.empty((stop - start, *self.shape[1:]), self.dtype)
        left, offset = rows.reshape(-1).view(np.uint8).data, start * self.row_bytes
        while left:
            count = os.preadv(self.held.fileno(), [left], offset)
            if not count:
                raise OSError(errno.EIO, os.strerror(errno.EIO), self.folder)
            left, offset = left[count:], offset + count
        return rows


@contextlib.contextmanager
def _named(place: str) -> Iterator[None]:
    """Within it an error of the system says where it was: a full disk does not."""
    try:
        yield
    except OSError as error:
        error.filename = place
        raise
