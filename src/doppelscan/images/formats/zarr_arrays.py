"""Which Zarr array is here? Opened only if all that its metadata says is plain: no codec that runs what it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.registry import register_codec

from doppelscan.errors import DoppelscanError
from doppelscan.images.formats import limits
from doppelscan.images.formats.zarr_chunks import BOUNDED, PACKINGS, Bounded
from doppelscan.store import is_file, parse_json, read_bytes
from doppelscan.store.objects import answered, zarr_store

__all__ = ["metadata_at", "opened_array"]

_CODECS = {
    *("bytes", "endian", "transpose", "crc32c", "sharding_indexed", *BOUNDED),
    *(f"numcodecs.{name}" for name in ("delta", "shuffle", "fixedscaleoffset", "quantize", "bitround")),
}
_FILTERS = {
    "delta",
    "shuffle",
    "fixedscaleoffset",
    "quantize",
    "bitround",
    "astype",
    "crc32",
    "adler32",
    "fletcher32",
}
_LARGEST_METADATA = 2**24
_MOST_CHUNKS = 2**24

for _name, _codec in BOUNDED.items():
    register_codec(_name, _codec)


def metadata_at(place: Path) -> dict[str, Any] | None:
    """What a Zarr node says of itself in `zarr.json`, or `.zarray`, `.zgroup` and `.zattrs`; None if nothing.

    `attributes` and `zarr_format` are always there, `node_type` is `array` or `group`.

    Raises
    ------
    ValueError
        If a file of it is no JSON object.
    """
    if is_file(place / "zarr.json"):
        found = _object(place / "zarr.json")
        return {"node_type": "", "zarr_format": 3} | found | {"attributes": _mapping(found.get("attributes"))}
    for name, kind in ((".zarray", "array"), (".zgroup", "group")):
        if is_file(place / name):
            attributes = _object(place / ".zattrs") if is_file(place / ".zattrs") else {}
            return {**_object(place / name), "node_type": kind, "zarr_format": 2, "attributes": attributes}
    return None


def opened_array(place: Path) -> zarr.Array[Any]:
    """The array at a place, to be read.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If its metadata is damaged, it holds what are no numbers, or is packed in a way that is not read.
    """
    about = metadata_at(place)
    if about is None:
        raise FileNotFoundError(place)
    if problems := list(_problems(about)):
        raise ValueError(problems[0])
    classes = {
        f"codecs.{name}": f"{codec.__module__}.{codec.__qualname__}" for name, codec in BOUNDED.items()
    }
    try:
        with zarr.config.set(classes):
            array = answered(place, lambda: zarr.open_array(zarr_store(place), mode="r"))
        limits.check_dtype(np.dtype(array.dtype))
        return _bounded(array)
    except (DoppelscanError, FileNotFoundError):
        raise
    except Exception as error:
        raise ValueError(f"its metadata is damaged: {error}") from error


def _problems(about: Mapping[str, Any]) -> Iterator[str]:
    """What speaks against opening an array."""
    if about["node_type"] != "array":
        yield "is no array"
        return
    shape, chunks = _lengths(about.get("shape")), _lengths(_chunks(about))
    if shape is None or chunks is None or len(shape) != len(chunks) or not all(chunks):
        yield "its shape or its chunks are no lengths"
    elif prod(-(-n // chunk) for n, chunk in zip(shape, chunks, strict=True)) > _MOST_CHUNKS:
        yield "has too many chunks"
    for name in _named(about.get("codecs")) if about["zarr_format"] == 3 else ():
        if name not in _CODECS:
            yield f"is packed by {name!r}, which is not read"
    if about["zarr_format"] == 2:
        compressor, filters = about.get("compressor"), about.get("filters")
        if compressor is not None and _mapping(compressor).get("id") not in PACKINGS:
            yield f"is packed by {_mapping(compressor).get('id')!r}, which is not read"
        for one in filters if isinstance(filters, list) else ():
            if _mapping(one).get("id") not in _FILTERS:
                yield f"is filtered by {_mapping(one).get('id')!r}, which is not read"


def _chunks(about: Mapping[str, Any]) -> Any:
    if about["zarr_format"] == 2:
        return about.get("chunks")
    return _mapping(_mapping(about.get("chunk_grid")).get("configuration")).get("chunk_shape")


def _named(codecs: Any) -> Iterator[str]:
    """The names of all codecs, those within shards too."""
    for codec in codecs if isinstance(codecs, list) else ():
        about = {"name": codec} if isinstance(codec, str) else _mapping(codec)
        yield str(about.get("name"))
        within = _mapping(about.get("configuration"))
        yield from _named(within.get("codecs"))
        yield from _named(within.get("index_codecs"))


def _bounded(array: zarr.Array[Any]) -> zarr.Array[Any]:
    """The array, whose chunks are not unpacked to more than they should hold."""
    metadata: Any = array.metadata
    if metadata.zarr_format == 3 or metadata.compressor is None:
        return array
    compressor = Bounded(metadata.compressor, prod(array.chunks) * array.dtype.itemsize)
    inner: Any = array.async_array
    return zarr.Array(type(inner)(replace(metadata, compressor=compressor), inner.store_path))


def _lengths(found: Any) -> list[int] | None:
    """A list of lengths; None where it is none."""
    if not isinstance(found, list) or any(not isinstance(n, int) or isinstance(n, bool) for n in found):
        return None
    return found if all(0 <= n < 2**48 for n in found) else None


def _object(path: Path) -> dict[str, Any]:
    if path.is_file() and path.stat().st_size > _LARGEST_METADATA:
        raise ValueError(f"{path.name} is larger than any metadata")
    found = parse_json(read_bytes(path))
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} is no object")  # noqa: TRY004 - of the file, not of a caller
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
