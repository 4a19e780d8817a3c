"""How are named arrays kept? As safetensors: a JSON header, then the bytes; nothing in it can run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from doppelscan.errors import FormatError, Problem
from doppelscan.store.atomic import atomic_file
from doppelscan.store.objects import read_bytes
from doppelscan.store.parsing import parse_json

__all__ = ["read_tensors", "write_tensors"]

_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|b1",
}
_NAMES = {np.dtype(stored): name for name, stored in _TYPES.items()}
_LARGEST_HEADER = 100_000_000  # bytes, as the format has it


def write_tensors(target: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """Write arrays and `metadata`, which names its `format`, whole or not at all."""
    assert "format" in metadata, "every artefact names its format and version"
    arrays = {name: _little_endian(tensors[name]) for name in sorted(tensors)}
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name, array in arrays.items():
        begin, end = end, end + array.nbytes
        header[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with atomic_file(target) as draft, draft.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(array.tobytes())


def read_tensors(path: Path, *, expected: str | None = None) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and the metadata of a file whose format is `expected`, such as `doppelscan-encoder/1`.

    With None, of any safetensors file, such as one that others wrote.

    Raises
    ------
    FormatError
        If the file is absent, is no safetensors file, is damaged, or is of another format or version.
    """
    try:
        content = read_bytes(path)
        header, data = _split(content)
        metadata = dict(header.pop("__metadata__", {}))
        found = metadata.get("format")
        _refuse_overlaps(header, len(data))
        arrays = {name: _array(entry, data) for name, entry in header.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(Problem(f"cannot be read: {error}", where=str(path))) from error
    if expected is not None and found != expected:
        raise FormatError(Problem(f"is {found!r}, not {expected!r}", where=str(path)))
    return arrays, metadata


def _little_endian(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).reshape(array.shape).astype(array.dtype.newbyteorder("<"), copy=False)


def _split(content: bytes) -> tuple[dict[str, Any], memoryview]:
    """The header and the bytes that follow it."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 0 < length <= min(len(content) - 8, _LARGEST_HEADER):
        raise ValueError("its header is cut off")
    return dict(parse_json(content[8 : 8 + length])), memoryview(content)[8 + length :]


def _refuse_overlaps(header: Mapping[str, Any], n_bytes: int) -> None:
    """Refuse a header by which a few bytes would become many arrays."""
    spans = [entry["data_offsets"] for entry in header.values()]
    if sum(max(0, end - begin) for begin, end in spans) > n_bytes:
        raise ValueError("its arrays overlap, or are cut off")


def _array(entry: Mapping[str, Any], data: memoryview) -> np.ndarray:
    """One array, copied out of the file's bytes."""
    begin, end = entry["data_offsets"]
    if not 0 <= begin <= end <= len(data):
        raise ValueError("its data is cut off")
    return np.frombuffer(data[begin:end], dtype=_TYPES[entry["dtype"]]).reshape(entry["shape"]).copy()
