"""What a user's table of images says, as text."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from doppelscan.errors import InputError, Problem
from doppelscan.store import at_hand, read_parquet

__all__ = ["as_text", "read_user_table"]

_SEPARATORS = ",;\t"


def read_user_table(path: Path) -> pd.DataFrame:
    """The columns of a CSV or Parquet file as strings without outer spaces, null where empty.

    A CSV is UTF-8, with or without a byte order mark; its columns stand between commas, semicolons or
    tabs, whichever its header has most of. Whole numbers read alike in both: `7`, never `7.0`.

    Raises
    ------
    InputError
        If the file cannot be read, a row is longer than the header, or two columns have one name.
    """
    try:
        with at_hand(path) as file:
            table = read_parquet(file) if path.suffix.lower() == ".parquet" else _read_csv(file)
    except UnicodeDecodeError as error:
        raise InputError(
            Problem("is no readable table: not UTF-8", where=str(path), cure="save it as UTF-8")
        ) from error
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(Problem(f"is no readable table: {error}", where=str(path))) from error
    text = table.rename(columns=str).astype(object).map(as_text).astype(object)
    return text.where(text.notna(), None)


def _read_csv(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", newline="") as file:
        separator = max(_SEPARATORS, key=file.readline().count)
        file.seek(0)
        rows = csv.reader(file, delimiter=separator, strict=True)
        header = [name.strip() for name in next(rows, [])]
        if not header:
            raise ValueError("it is empty")
        table = [_of_length(row, len(header), rows.line_num) for row in rows if row]
    if twice := [name for name, count in Counter(header).items() if count > 1]:
        raise ValueError(f"several columns are named {twice[0]!r}")
    return pd.DataFrame(table, columns=header, dtype=object)


def _of_length(row: list[str], length: int, line: int) -> list[str]:
    """A row with as many fields as the header, empty ones added or taken off at its end."""
    if any(field.strip() for field in row[length:]):
        raise ValueError(
            f"line {line} has {len(row)} fields, the header {length}; quote what holds a separator"
        )
    return (row + [""] * length)[:length]


def as_text(value: object) -> str | None:
    """A value as a table has it: without outer spaces, whole numbers without a point, None where there is nothing."""
    if isinstance(value, list | dict | np.ndarray):
        return None if not len(value) else str(value)
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None
