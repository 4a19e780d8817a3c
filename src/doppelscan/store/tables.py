"""Parquet tables that name their format and hold exactly the columns they promise."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from doppelscan.errors import FormatError, Problem
from doppelscan.store.atomic import atomic_file

__all__ = ["read_table", "write_table"]


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
        If the file is absent, is no Parquet, is of another format or version, or lacks columns.
    """
    try:
        arrow = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise FormatError(Problem(f"cannot be read: {error}", where=str(path))) from error
    expected, found = schema.metadata[b"format"], (arrow.schema.metadata or {}).get(b"format", b"none")
    if found != expected:
        raise FormatError(Problem(f"is {found.decode()!r}, not {expected.decode()!r}", where=str(path)))
    missing = [name for name in schema.names if name not in arrow.column_names]
    if missing:
        raise FormatError(Problem(f"lacks the columns {', '.join(missing)}", where=str(path)))
    table: pd.DataFrame = arrow.select(schema.names).to_pandas()
    return table
