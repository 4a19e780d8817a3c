"""How much does a packed chunk of a Zarr array unpack to? Told before it is, and refused where too much."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any

from numcodecs.abc import Codec
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

__all__ = ["BOUNDED", "PACKINGS", "Bounded", "BoundedBlosc", "BoundedGzip", "BoundedZstd"]

_SLACK = 8  # filters may make of each byte so many, before it is packed
_BLOCK = 2**20
_BLOSC_HEADER = 16


class Bounded(Codec):  # type: ignore[misc]
    """A codec of Zarr's second version that refuses what unpacks to far more than a chunk holds."""

    codec_id = "bounded"

    def __init__(self, codec: Any, holds: int) -> None:
        """Bound a codec whose chunks hold so many bytes."""
        self._codec, self._holds = codec, holds

    def encode(self, buf: Any) -> Any:
        """The packed bytes."""
        return self._codec.encode(buf)

    def decode(self, buf: Any, out: Any = None) -> Any:
        """The bytes, unless they are too many."""
        _refuse(self._codec.codec_id, bytes(buf), self._holds)
        return self._codec.decode(buf, out)

    def get_config(self) -> Any:
        """The codec's own settings."""
        return self._codec.get_config()


class _Packed:
    """What the codecs of Zarr's third version do first: refuse what unpacks to far more than the chunk holds."""

    packing = ""

    def _decode_sync(self, chunk_bytes: Any, chunk_spec: Any) -> Any:
        holds = chunk_spec.dtype.item_size
        for n in chunk_spec.shape:
            holds *= n
        _refuse(self.packing, chunk_bytes.to_bytes(), holds)
        return super()._decode_sync(chunk_bytes, chunk_spec)  # type: ignore[misc]


class BoundedBlosc(_Packed, BloscCodec):
    """Blosc."""

    packing = "blosc"


class BoundedGzip(_Packed, GzipCodec):
    """Gzip."""

    packing = "gzip"


class BoundedZstd(_Packed, ZstdCodec):
    """Zstandard."""

    packing = "zstd"


BOUNDED = {"blosc": BoundedBlosc, "gzip": BoundedGzip, "zstd": BoundedZstd}


def _refuse(packing: str, packed: bytes, holds: int) -> None:
    most = _SLACK * holds + _BLOCK
    if (found := PACKINGS[packing](packed, most)) > most:
        raise ValueError(f"a chunk of {holds:,} bytes unpacks to {found:,} or more")


def _of_blosc(packed: bytes, _most: int) -> int:
    """The size that the header says (c-blosc 1, `README_CHUNK_FORMAT.rst`).

    Raises
    ------
    ValueError
        If the header says more packed bytes than there are: Blosc would read on beyond them, and end the process.
    """
    unpacked, packed_bytes = (int.from_bytes(packed[at : at + 4], "little") for at in (4, 12))
    if len(packed) < max(_BLOSC_HEADER, packed_bytes):
        raise ValueError(f"a chunk of Blosc is cut off: {len(packed):,} bytes of {packed_bytes:,}")
    return unpacked


def _of_lz4(packed: bytes, _most: int) -> int:
    return int.from_bytes(packed[:4], "little")


def _of_zstd(packed: bytes, most: int) -> int:
    """The size that the first frame says (RFC 8878, 3.1.1.1); one that does not say it is as large as it is packed."""
    if packed[:4] != b"\x28\xb5\x2f\xfd" or len(packed) < 6:
        return 0
    head = packed[4]
    width = (int(bool(head & 32)), 2, 4, 8)[head >> 6]
    start = 5 + (not head & 32) + (0, 1, 2, 4)[head & 3]
    if width == 0:
        return len(packed) if len(packed) * 100 <= most else most + 1
    return int.from_bytes(packed[start : start + width], "little") + (256 if width == 2 else 0)


def _of_deflated(packed: bytes, most: int) -> int:
    unpacking, found = zlib.decompressobj(zlib.MAX_WBITS | 32), 0
    while packed and not unpacking.eof and found <= most:
        found += len(unpacking.decompress(packed, _BLOCK))
        packed = unpacking.unconsumed_tail
    return found


def _streamed(make: Callable[[], Any]) -> Callable[[bytes, int], int]:
    def size(packed: bytes, most: int) -> int:
        unpacking, found = make(), 0
        while not unpacking.eof and found <= most:
            block = unpacking.decompress(packed, _BLOCK)
            if not block and not packed:
                break
            packed, found = b"", found + len(block)
        return found

    return size


PACKINGS: dict[str, Callable[[bytes, int], int]] = {
    "blosc": _of_blosc,
    "lz4": _of_lz4,
    "zstd": _of_zstd,
    "gzip": _of_deflated,
    "zlib": _of_deflated,
    "bz2": _streamed(bz2.BZ2Decompressor),
    "lzma": _streamed(lzma.LZMADecompressor),
}
