"""A PNG that holds pixels and nothing else: header, one picture, end."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Shaped

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import limits

__all__ = ["chunks", "packed", "smuggled", "stored", "unpacked"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3}  # by colour type; those with opacity or a palette can hide a second picture


def stored(pixels: Shaped[np.ndarray, "c *space"], bits: int) -> Shaped[np.ndarray, "c h w"] | str:
    """The pixels as a PNG of so many bits keeps them, or why it cannot."""
    if pixels.ndim != 3 or len(pixels) not in (1, 3):
        return "PNG holds flat images of one or three channels"
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    wide = np.dtype(np.uint8 if bits == 8 else np.uint16)
    if not np.can_cast(pixels.dtype, wide):
        return f"a PNG of {bits} bits cannot hold {pixels.dtype} without changing it"
    return pixels.astype(wide)


def packed(pixels: Shaped[np.ndarray, "c h w"]) -> bytes:
    """The file."""
    rows = np.moveaxis(pixels, 0, -1)[..., ::-1]  # OpenCV has blue first
    done, content = cv2.imencode(".png", np.ascontiguousarray(rows))
    assert done
    return bytes(content.tobytes())


def unpacked(content: bytes) -> Shaped[np.ndarray, "c h w"]:
    """The pixels of a file that `packed` wrote; UnreadableImage of any other."""
    if found := next(smuggled(content), ""):
        raise UnreadableImage(found)
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise UnreadableImage("is damaged")
    rows = np.atleast_3d(decoded)
    return np.ascontiguousarray(np.moveaxis(rows[..., ::-1], -1, 0))


def smuggled(content: bytes) -> Iterator[str]:
    """What the file holds besides its pixels, and what is wrong with it."""
    try:
        parts = list(chunks(content))
    except ValueError as error:
        yield str(error)
        return
    for kind, where, _ in parts:
        if kind not in {"IHDR", "IDAT", "IEND"}:
            yield f"holds a chunk {kind!r} at byte {where:,}"
    kinds = [kind for kind, _, _ in parts]
    if kinds[0] != "IHDR" or kinds.count("IHDR") != 1 or "IDAT" not in kinds:
        yield "is no PNG of one picture"
        return
    yield from _about_data(parts[0][2], b"".join(data for kind, _, data in parts if kind == "IDAT"))


def chunks(content: bytes) -> Iterator[tuple[str, int, bytes]]:
    """The kind, place and data of each chunk; what follows the end is a chunk of kind `after`.

    Raises
    ------
    ValueError
        If it is no PNG, or is cut off.
    """
    if not content.startswith(SIGNATURE):
        raise ValueError("is no PNG")
    at = len(SIGNATURE)
    while True:
        if at + 12 > len(content):
            raise ValueError("is cut off")
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind = content[at + 4 : at + 8].decode("latin-1")
        if at + 12 + length > len(content):
            raise ValueError("is cut off")
        yield kind, at, content[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == "IEND":
            break
    if at < len(content):
        yield "after", at, content[at:]


def _about_data(header: bytes, data: bytes) -> Iterator[str]:
    """What is wrong with the picture itself: another kind of it, or more data than it has pixels."""
    if len(header) != 13:
        yield "has a damaged header"
        return
    width, height, bits, colour, *ways = struct.unpack(">IIBBBBB", header)
    if colour not in _CHANNELS or bits not in (8, 16) or any(ways):
        yield f"is of colour type {colour} with {bits} bits: only grey and RGB of 8 or 16 bits are released"
        return
    try:
        limits.check_shape((_CHANNELS[colour], height, width))
    except UnreadableImage as error:
        yield error.reason
        return
    expected = height * (1 + width * _CHANNELS[colour] * bits // 8)
    unpacking = zlib.decompressobj()
    try:
        found = len(unpacking.decompress(data, expected + 1))
    except zlib.error as error:
        yield f"is damaged: {error}"
        return
    if found != expected or not unpacking.eof or unpacking.unused_data:
        yield "has more, or less, data than its pixels take"
