"""Whether a DICOM file holds all the pixels that its header promises."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from doppelscan.errors import UnreadableImage

__all__ = ["check_whole"]

_UNDEFINED = 0xFFFFFFFF
_ITEM = (0xFFFE, 0xE000)


def check_whole(file: BinaryIO, encoding: tuple[bool, bool], *, packed: bool, expected: int) -> None:
    """Refuse a file that ends too early; `file` stands behind the tag of the pixels' element.

    `encoding` is (implicit, little endian); `expected` is how many bytes the pixels take where they are
    not packed.
    """
    implicit, little = encoding
    if not implicit:
        file.read(4)  # value representation and two bytes kept free
    (length,) = struct.unpack("<L" if little else ">L", file.read(4))
    if length == _UNDEFINED:
        _check_items(file)
    elif not packed and (held := min(length, _left(file))) < expected:
        raise UnreadableImage(f"truncated: {held:,} of {expected:,} bytes of pixels")


def _check_items(file: BinaryIO) -> None:
    """Follow the items of packed frames, which are always little endian, to their end."""
    while len(head := file.read(8)) == 8:
        group, element, length = struct.unpack("<HHL", head)
        if (group, element) != _ITEM or length == _UNDEFINED:
            return  # the end of the items, or what only the decoder can judge
        if length > (left := _left(file)):
            raise UnreadableImage(f"truncated: {left:,} of {length:,} bytes of the last packed frame")
        file.seek(length, os.SEEK_CUR)
    raise UnreadableImage("truncated: its packed frames do not end")


def _left(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size - file.tell()
