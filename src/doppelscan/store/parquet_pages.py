"""How many values does a Parquet file promise within lists? Counted in the headers of pages, before one is unpacked.

A row may hold a list of any length, and a page of a billion equal values is packed in a few bytes. Only the page's own
header says how many there are: what the file says of its columns, a reader does not hold pages to. Headers are
written in Thrift's compact protocol, of which no more is read here than these numbers need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any

__all__ = ["values_in_lists"]

_MAGIC = b"PAR1"
_HEADER = 2**20  # bytes that the header of a page, with its statistics, takes at most
_DEPTH = 16
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)


def values_in_lists(file: BufferedIOBase, lists: frozenset[str]) -> int:
    """How many values the columns of these paths have, in all pages together.

    Raises
    ------
    ValueError
        If the file ends before its pages, or is not what it should be.
    """
    try:
        return sum(n for chunk in _chunks(file) if chunk.path in lists for n in _values(file, chunk))
    except (KeyError, TypeError, AttributeError, OSError, OverflowError) as error:
        raise ValueError("its pages cannot be told from one another") from error


@dataclass(frozen=True)
class _Chunk:
    """Where the pages of a column begin, and how many bytes they take."""

    path: str
    start: int
    size: int


def _chunks(file: BufferedIOBase) -> Iterator[_Chunk]:
    end = file.seek(0, 2)
    last = _at(file, max(0, end - 8), 8)
    size = int.from_bytes(last[:4], "little")
    if last[4:] != _MAGIC or size > end - 8:
        raise ValueError("no Parquet file")
    about = _Compact(_at(file, end - 8 - size, size)).struct()
    for group in about[4]:
        for column in group[1]:
            told = column[3]
            if not told[5]:  # without a value no page is opened, and where one would be is not said
                continue
            dictionary = told.get(11, 0)
            start = dictionary if 0 < dictionary < told[9] else told[9]
            yield _Chunk(b".".join(told[3]).decode(errors="replace"), start, told[7])


def _values(file: BufferedIOBase, chunk: _Chunk) -> Iterator[int]:
    place, end = chunk.start, chunk.start + chunk.size
    while place < end:
        header = _Compact(_at(file, place, min(_HEADER, end - place)))
        page = header.struct()
        n = sum(page.get(kind, {}).get(1, 0) for kind in (5, 8))  # of either version; a dictionary is neither
        if n < 0 or page[3] < 0:
            raise ValueError("a page of negative size")
        yield n
        place += header.place + page[3]


def _at(file: BufferedIOBase, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)


@dataclass
class _Compact:
    """Bytes in the compact protocol, and how far they were read."""

    data: bytes
    place: int = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """The fields by their number."""
        if depth > _DEPTH:
            raise ValueError("structures within structures without end")
        fields: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) != 0:
            number = number + (head >> 4) if head >> 4 else _signed(self._varint())
            kind = head & 15
            fields[number] = kind == _TRUE if kind in {_TRUE, _FALSE} else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in {_TRUE, _FALSE, _BYTE}:
            return self._byte()
        if kind in {_I16, _I32, _I64}:
            return _signed(self._varint())
        if kind in {_DOUBLE, _BINARY}:
            return self._bytes(8 if kind == _DOUBLE else self._varint())
        return self.struct(depth + 1) if kind == _STRUCT else self._several(kind, depth + 1)

    def _several(self, kind: int, depth: int) -> list[Any]:
        if kind in {_LIST, _SET} and depth <= _DEPTH:
            head = self._byte()
            n = self._varint() if head >> 4 == 15 else head >> 4
            return [self._value(head & 15, depth) for _ in range(n)]
        if kind == _MAP and depth <= _DEPTH:
            n = self._varint()
            kinds = self._byte() if n else 0
            return [[self._value(one, depth) for one in (kinds >> 4, kinds & 15)] for _ in range(n)]
        raise ValueError(f"a value of kind {kind}")

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, n: int) -> bytes:
        if self.place + n > len(self.data):
            raise ValueError("ends too soon")
        self.place += n
        return self.data[self.place - n : self.place]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("a number without end")


def _signed(zigzag: int) -> int:
    return (zigzag >> 1) ^ -(zigzag & 1)
