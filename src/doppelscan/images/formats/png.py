"""The samples of a plain PNG, grey or in colours of 8 bits, in half of Pillow's time; Pillow reads all others."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from doppelscan.images.formats.limits import MAX_PIXELS
from doppelscan.images.formats.png_lines import unfiltered

__all__ = ["samples"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3}  # by colour type: grey, red green blue
_SAYS_NOTHING = frozenset(
    {b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"pHYs", b"tEXt", b"zTXt", b"iTXt", b"tIME", b"bKGD"}
)
"""Chunks that change no sample."""


def samples(path: Path) -> UInt8[np.ndarray, "c h w"] | None:
    """The samples, channels first; None where the file is not plain, or not whole: Pillow then says why.

    Plain is what has rows of 8-bit samples one after the other and nothing that says how to show them
    (W3C, Portable Network Graphics, 3rd ed.): no palette, transparency, interlacing, EXIF or animation.
    """
    chunks = list(_chunks(path.read_bytes()))
    names = [name for name, _ in chunks]
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or not set(names[1:-1]) <= {b"IDAT", *_SAYS_NOTHING}:
        return None
    shape = _shape(chunks[0][1])
    return (
        None if shape is None else _decoded(b"".join(data for name, data in chunks if name == b"IDAT"), shape)
    )


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The names of chunks and what is in them, up to the first that is damaged."""
    at = len(_SIGNATURE) if content.startswith(_SIGNATURE) else len(content)
    while at + 12 <= len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        data = content[at + 8 : at + 8 + size]
        checked = content[at + 8 + size : at + 12 + size]
        if checked != zlib.crc32(data, zlib.crc32(name)).to_bytes(4):
            return
        yield name, data
        at += 12 + size


def _shape(header: bytes) -> tuple[int, int, int] | None:
    """Rows, columns and channels, where they are plain and not too many."""
    if len(header) != 13:
        return None
    width, height, depth, colour, *how = struct.unpack(">IIBBBBB", header)
    if depth != 8 or colour not in _CHANNELS or any(how) or not 0 < width * height <= MAX_PIXELS:
        return None
    return height, width, _CHANNELS[colour]


def _decoded(packed: bytes, shape: tuple[int, int, int]) -> UInt8[np.ndarray, "c h w"] | None:
    rows, _, channels = shape
    unpack: Any = zlib.decompressobj()
    try:
        lines = unpack.decompress(packed, rows + prod(shape) + 1)
    except zlib.error:
        return None
    if not unpack.eof or len(lines) != rows + prod(shape):
        return None
    found = unfiltered(np.frombuffer(lines, dtype=np.uint8).reshape(rows, -1), channels)
    return None if found is None else np.ascontiguousarray(np.moveaxis(found.reshape(shape), -1, 0))
