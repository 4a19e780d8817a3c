"""A NIfTI file that holds voxels and nothing else: no description, no extension, no time in its gzip header."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from math import prod
from typing import Any

import nibabel
import numpy as np
from jaxtyping import Shaped

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import limits

__all__ = ["HEADER", "packed", "smuggled", "stored", "unpacked", "unzipped"]

HEADER = 352
_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"  # deflate; no name, no comment, no extra field, no time
_TYPES = ("uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")


def stored(pixels: Shaped[np.ndarray, "c *space"]) -> Shaped[np.ndarray, "c x y z"] | str:
    """The pixels as NIfTI keeps them: a film is a volume of one slice."""
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8)
    if pixels.dtype == np.float16:
        pixels = pixels.astype(np.float32)
    if pixels.dtype.name not in _TYPES:
        return f"NIfTI cannot hold {pixels.dtype}"
    return pixels if pixels.ndim == 4 else pixels[..., np.newaxis]


def packed(pixels: Shaped[np.ndarray, "c x y z"], spacing_mm: tuple[float, ...] | None) -> bytes:
    """The file, compressed; without a spacing, its unit is unknown."""
    content = _header(pixels.shape, pixels.dtype, spacing_mm) + _voxels(pixels)
    return gzip.compress(content, compresslevel=6, mtime=0)


def unpacked(content: bytes) -> Shaped[np.ndarray, "c x y z"]:
    """The voxels of a file that `packed` wrote; UnreadableImage of any other."""
    if found := next(smuggled(content), ""):
        raise UnreadableImage(found)
    plain = unzipped(content)
    shape, dtype, _ = _described(plain)
    space = np.frombuffer(plain[HEADER:], dtype).reshape(*shape[1:], shape[0], order="F")
    return np.ascontiguousarray(np.moveaxis(space, -1, 0))


def smuggled(content: bytes) -> Iterator[str]:
    """What the file holds besides its voxels, and what is wrong with it."""
    if content[: len(_GZIP)] != _GZIP:
        yield "its gzip header holds a name, a comment or a time, or it is no gzip file"
        return
    try:
        plain = unzipped(content)
        shape, dtype, spacing = _described(plain)
    except (UnreadableImage, zlib.error, ValueError, KeyError, TypeError) as error:
        yield f"is no NIfTI file of a release: {error}"
        return
    if plain[:HEADER] != _header(shape, dtype, spacing):
        yield "its header says more than shape, type and spacing"
    if len(plain) != HEADER + prod(shape) * dtype.itemsize:
        yield "has more, or less, data than its voxels take"


def unzipped(content: bytes) -> bytes:
    """What was compressed, no more than its header promises; UnreadableImage where there is more."""
    unpacking = zlib.decompressobj(wbits=31)
    plain = unpacking.decompress(content, HEADER)
    shape, dtype, _ = _described(plain)
    left = prod(shape) * dtype.itemsize
    plain += unpacking.decompress(unpacking.unconsumed_tail, left) if left else b""
    if not unpacking.eof:
        unpacking.decompress(unpacking.unconsumed_tail, 1)
    if not unpacking.eof or unpacking.unused_data:
        raise UnreadableImage("holds more than its header promises")
    return plain


def _header(
    shape: tuple[int, ...], dtype: np.dtype[np.generic], spacing_mm: tuple[float, ...] | None
) -> bytes:
    """The header of (c, x, y, z), as it is written and as it must be found."""
    channels, *space = shape
    header: Any = nibabel.Nifti1Header(endianness="<")  # type: ignore[no-untyped-call]
    header.set_data_dtype(dtype.newbyteorder("<"))
    header.set_data_shape((*space, channels) if channels > 1 else tuple(space))
    spacing = (*(spacing_mm or ()), 1.0, 1.0, 1.0)[:3]
    header.set_zooms((*spacing, 1.0)[: 4 if channels > 1 else 3])
    header.set_xyzt_units("mm" if spacing_mm else None)
    header.set_sform(np.diag([*spacing, 1.0]), code="aligned")
    header["magic"], header["vox_offset"] = b"n+1", HEADER
    return bytes(header.binaryblock) + bytes(HEADER - 348)


def _voxels(pixels: Shaped[np.ndarray, "c x y z"]) -> bytes:
    little = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)
    return np.moveaxis(little, 0, -1).tobytes(order="F")


def _described(plain: bytes) -> tuple[tuple[int, ...], np.dtype[np.generic], tuple[float, ...] | None]:
    """Shape (c, x, y, z), type and spacing that a header tells."""
    header: Any = nibabel.Nifti1Header(plain[:348], endianness="<", check=False)  # type: ignore[no-untyped-call]
    space = (*header.get_data_shape(), 1)[:4]
    shape = (int(space[3]), *map(int, space[:3]))
    dtype = header.get_data_dtype()
    if dtype.newbyteorder("=").name not in _TYPES or len(header.get_data_shape()) not in (3, 4):
        raise UnreadableImage("its voxels are of a kind that is not released")
    limits.check_shape(shape)
    spacing = tuple(map(float, header.get_zooms()[:3]))
    return shape, dtype, spacing if header.get_xyzt_units()[0] == "mm" else None
