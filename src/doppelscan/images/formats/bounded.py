"""How is a file opened that may lie about its own length? So that no room is made for more than it holds."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path

from doppelscan.images.formats import limits

__all__ = ["Bounded", "check_inflated"]

_SMALL = 2**16
_BLOCK = 2**20


class Bounded(io.BufferedReader):
    """A file opened to be read. Asked for more bytes than are left, Python makes room for all of them first."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`."""
        super().__init__(io.FileIO(path))

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, or what is left."""
        if size is not None and size > _SMALL:
            size = min(size, max(0, os.fstat(self.fileno()).st_size - self.tell()))
        return super().read(size)


def check_inflated(packed: bytes) -> None:
    """Refuse what DEFLATE unpacks to more bytes than there may be; never more than a block is unpacked at a time."""
    inflating, n_bytes = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while packed and not inflating.eof:
        n_bytes += len(inflating.decompress(packed, _BLOCK))
        limits.check_bytes(n_bytes)
        packed = inflating.unconsumed_tail
