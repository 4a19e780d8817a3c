"""What does a file hold, taken apart? Its name, its bytes, what is packed in it, and the text in either."""

from __future__ import annotations

import base64
import binascii
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from doppelscan.errors import UnreadableImage
from doppelscan.release.forms import nifti, npz, png

__all__ = ["BLOCK", "OVERLAP", "Layer", "layers"]

BLOCK = 2**24
OVERLAP = 2**10  # no identifier is longer

_WORDS = (".md", ".csv", ".json", "SHA256SUMS", ".txt", ".html", ".svg", ".xml")
_SHORT = 2**8  # bytes that are no picture
_LONGEST_TEXT = 2**20  # of what is packed in a chunk
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4}){2,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?|[A-Za-z0-9_-]{11,}")
_SUM = re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")


@dataclass(frozen=True)
class Layer:
    """Part of a file: where it is, its bytes, and whether they are text, in which short words mean something."""

    where: str
    data: bytes
    text: bool


def layers(folder: Path, name: str) -> Iterator[Layer]:
    """Everything that a file of a release holds, in blocks of bounded size that overlap."""
    path = folder / name
    yield Layer(f"the name of {name}", name.encode(errors="surrogateescape"), text=True)
    words = name.endswith(_WORDS)
    for at, data in _blocks(path):
        where = f"{name} from byte {at:,}" if at else name
        yield Layer(where, data, text=words)
        if words:
            yield from _decoded(where, data)
    yield from _packed(path, name)


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        at, data = 0, file.read(BLOCK)
        while data:
            yield at, data
            rest = file.read(BLOCK)
            at += len(data) - OVERLAP
            data = data[-OVERLAP:] + rest if rest else b""


def _packed(path: Path, name: str) -> Iterator[Layer]:
    """What the form of the file adds: chunks, fields, members; never more than its headers promise."""
    if name.endswith(".png"):
        yield from _chunks(path.read_bytes(), name)
    elif name.endswith(".gz"):
        yield from _voxels(path.read_bytes(), name)
    elif name.endswith(".npz"):
        yield from _members(path, name)


def _chunks(content: bytes, name: str) -> Iterator[Layer]:
    try:
        parts = list(png.chunks(content))
    except ValueError:
        return
    for kind, at, data in parts:
        if kind not in {"IHDR", "IDAT", "IEND"}:
            where = f"{name}, chunk {kind!r} at byte {at:,}"
            yield Layer(where, data, text=True)
            yield from _decoded(where, data)
            yield from (Layer(f"{where}, unpacked", plain, text=True) for plain in _inflated(data))


def _inflated(data: bytes) -> Iterator[bytes]:
    """What is compressed in a chunk: zTXt, iTXt and iCCP hold it behind a keyword, a language and zero bytes."""
    for at in {match.end() for match in re.finditer(rb"\0+", data[:OVERLAP])}:
        try:
            yield zlib.decompressobj().decompress(memoryview(data)[at:], _LONGEST_TEXT)
        except zlib.error:
            continue


def _voxels(content: bytes, name: str) -> Iterator[Layer]:
    yield Layer(f"{name}, gzip header", _gzip_words(content), text=True)
    try:
        plain = nifti.unzipped(content)
    except (UnreadableImage, zlib.error, ValueError, KeyError, TypeError):
        unpacking = zlib.decompressobj(wbits=31)
        try:
            plain = unpacking.decompress(content, BLOCK)
        except zlib.error:
            return
        yield Layer(f"{name}, behind its data", unpacking.unused_data, text=True)
    yield Layer(f"{name}, header", plain[: nifti.HEADER], text=True)
    yield Layer(f"{name}, unpacked", plain[nifti.HEADER :], text=False)


def _gzip_words(content: bytes) -> bytes:
    """The name, comment and extra field of a gzip header, where its flags say that there are any."""
    return content[10:1034] if len(content) > 10 and content[3] & 0b11100 else b""


def _members(path: Path, name: str) -> Iterator[Layer]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield Layer(f"{name}, comment", archive.comment, text=True)
            sound = not any(npz.smuggled(path))
            for info in archive.infolist():
                where = f"{name}, {info.filename}"
                yield Layer(f"the name of {where}", info.filename.encode(), text=True)
                yield Layer(f"{where}, comment", info.comment + b" " + info.extra, text=True)
                most = info.file_size if sound else min(info.file_size, _LONGEST_TEXT)
                yield from _member(archive, info, where, most)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, zlib.error):
        return


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, most: int) -> Iterator[Layer]:
    """What is packed in one member, in blocks, at most so many bytes."""
    with archive.open(info) as file:
        left, kept = most, b""
        while left > 0 and (data := file.read(min(left, BLOCK))):
            left -= len(data)
            yield Layer(f"{where}, unpacked", kept + data, text=info.file_size <= OVERLAP)
            kept = data[-OVERLAP:]


def _decoded(where: str, data: bytes) -> Iterator[Layer]:
    """What base64 in a text says; sums are none. What is long is a layer of its own, for it may be a picture."""
    short: list[bytes] = []
    for found in _BASE64.finditer(_SUM.sub(b" ", data)):
        plain = _from_base64(found[0])
        if plain is not None and len(plain) > _SHORT:
            yield Layer(f"{where}, base64 at {found.start():,}", plain, text=plain.isascii())
        elif plain is not None:
            short.append(plain)
    if short:
        yield Layer(f"{where}, base64", b"\n".join(short), text=True)


def _from_base64(token: bytes) -> bytes | None:
    ordinary = token.translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(ordinary + b"=" * (-len(ordinary) % 4))
    except binascii.Error:
        return None
