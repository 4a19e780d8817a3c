"""Parquet tables: our own, which name their format and hold what they promise, and those of strangers."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from doppelscan import limits
from doppelscan.errors import DoppelscanError, FormatError, Problem
from doppelscan.store.atomic import atomic_file
from doppelscan.store.parquet_pages import values_in_lists

__all__ = ["read_parquet", "read_table", "write_table"]

_COUNTED = re.compile(r"__index_level_\d+__")  # what pandas makes of rows that are merely counted
_VALUE = 8  # bytes that a value takes at least, however well a file packs many that are alike


def write_table(target: Path, table: pd.DataFrame, schema: pa.Schema) -> None:
    """Write the columns of `schema`, in its order and types, whole or not at all."""
    arrow = pa.Table.from_pandas(table[schema.names], schema=schema, preserve_index=False)
    with atomic_file(target) as draft:
        pq.write_table(arrow.replace_schema_metadata(schema.metadata), draft, compression="zstd")


def read_table(path: Path, schema: pa.Schema) -> pd.DataFrame:
    """The table that `write_table` wrote with the same `schema`.

    Raises
    ------
    FormatError
        If the file is absent, is no Parquet, is of another format or version, or lacks columns or has others' values.
    """
    try:
        arrow = _arrow(path)
    except (OSError, ValueError) as error:
        raise FormatError(Problem(f"cannot be read: {error}", where=str(path))) from error
    expected, found = schema.metadata[b"format"], (arrow.schema.metadata or {}).get(b"format", b"none")
    if found != expected:
        said = found.decode("utf-8", "replace")
        raise FormatError(Problem(f"is {said!r}, not {expected.decode()!r}", where=str(path)))
    missing = [name for name in schema.names if name not in arrow.column_names]
    if missing:
        raise FormatError(Problem(f"lacks the columns {', '.join(missing)}", where=str(path)))
    try:
        table: pd.DataFrame = arrow.select(schema.names).cast(schema).to_pandas()
    except pa.ArrowException as error:
        raise FormatError(Problem(f"holds other values than it should: {error}", where=str(path))) from error
    return table


def read_parquet(source: Path | BytesIO) -> pd.DataFrame:
    """The columns of any Parquet file, by name; what pandas may have noted in it counts for nothing.

    Raises
    ------
    ValueError
        If it is none, is damaged, has two columns of one name, or promises more values than the limit on bytes allows.
    OSError
        If it cannot be read.
    """
    arrow = _arrow(source)
    if len(set(arrow.column_names)) < len(arrow.column_names):
        raise ValueError("several columns have one name")
    arrow = arrow.drop_columns([name for name in arrow.column_names if _COUNTED.fullmatch(name)])
    try:
        table: pd.DataFrame = arrow.to_pandas(ignore_metadata=True, strings_to_categorical=False)
    except (pa.ArrowException, NotImplementedError) as error:
        raise ValueError(str(error)) from error
    return table.astype({name: object for name, kind in table.dtypes.items() if kind == "category"})


def _arrow(source: Path | BytesIO) -> pa.Table:
    """The table, if what it unpacks to can be held; whatever else the library raises is a ValueError.

    Text is read as its different values and where each stands: that of a million rows may be one, packed in no bytes.
    """
    try:
        with pq.ParquetFile(source) as file:
            about, leaves = file.metadata, [file.schema.column(k) for k in range(len(file.schema))]
            packed = sum(about.row_group(k).total_byte_size for k in range(about.num_row_groups))
            lists = frozenset(leaf.path for leaf in leaves if leaf.max_repetition_level)
            in_lists = _in_lists(source, lists) if lists else 0
            _refuse_more(max(packed, _VALUE * max(about.num_rows * about.num_columns, in_lists)))
            text = {leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"}
        with pq.ParquetFile(source, read_dictionary=sorted(text)) as file:
            arrow = file.read()
        _refuse_more(sum(_unpacked(column) for column in arrow.columns))
    except (DoppelscanError, OSError, ValueError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(str(error) or type(error).__name__) from error
    return arrow


def _in_lists(source: Path | BytesIO, lists: frozenset[str]) -> int:
    """How many values there are in lists, which may be of any length."""
    if isinstance(source, BytesIO):
        return values_in_lists(source, lists)
    with source.open("rb") as file:
        return values_in_lists(file, lists)


def _unpacked(values: pa.Array | pa.ChunkedArray) -> int:
    """How many bytes the text takes where each row, and each place of a list, has its own."""
    if isinstance(values, pa.ChunkedArray):
        return sum(map(_unpacked, values.chunks))
    if pa.types.is_struct(values.type):
        return sum(map(_unpacked, values.flatten()))
    if isinstance(values, pa.MapArray):
        return _unpacked(values.keys) + _unpacked(values.items)
    if isinstance(values, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray):
        return _unpacked(values.flatten())
    if not (pa.types.is_dictionary(values.type) and _is_text(values.type.value_type)):
        return 0
    return pc.sum(pc.binary_length(values.dictionary).take(values.indices)).as_py() or 0


def _is_text(kind: pa.DataType) -> bool:
    return kind in {pa.string(), pa.large_string(), pa.binary(), pa.large_binary()}


def _refuse_more(n_bytes: int) -> None:
    if n_bytes > limits.BYTES.value:
        raise ValueError(f"unpacks to {n_bytes:,} bytes: {limits.BYTES}")
