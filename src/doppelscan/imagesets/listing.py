"""Which files a source names, and what its table says of them."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from doppelscan.errors import InputError, Problem

__all__ = ["Listing", "list_folder", "list_table"]

TABLES = ("images.csv", "images.parquet")


@dataclass(frozen=True)
class Listing:
    """Files to read, relative to a folder, and a table about them.

    `table` is indexed by file and holds the user's columns as strings, null where empty; it is None where
    there is no table. `refused` are files that will not be read, with the reason.
    """

    folder: Path
    files: tuple[str, ...]
    table: pd.DataFrame | None = None
    refused: tuple[tuple[str, str], ...] = field(default=())


def list_folder(folder: Path) -> Listing:
    """Every file under `folder`, sorted; where it holds an `images.csv` or `images.parquet`, that is its table.

    Files that the table does not name, and names without a file, are refused, each with its reason.

    Raises
    ------
    InputError
        If the table is damaged, names a file twice, or stands beside another table.
    """
    found = _walk(folder)
    tables = [name for name in TABLES if name in found]
    if len(tables) > 1:
        raise InputError(
            Problem(f"holds both {' and '.join(tables)}", where=str(folder), cure="keep one of them")
        )
    if not tables:
        return Listing(folder, tuple(found))
    listing = list_table(folder / tables[0])
    named = set(listing.files)
    others = tuple(
        (name, f"not named in {tables[0]}") for name in found if name not in named and name not in tables
    )
    return Listing(folder, listing.files, listing.table, listing.refused + others)


def list_table(path: Path) -> Listing:
    """The files that a CSV or Parquet table names in its column `file` (or `path`), relative to its folder.

    Raises
    ------
    InputError
        If the table cannot be read, has no such column, leaves it empty, or names a file twice.
    """
    table = _read(path)
    column = next((name for name in ("file", "path") if name in table), None)
    if column is None:
        raise InputError(Problem(f"has no column 'file', only {', '.join(table.columns)}", where=str(path)))
    table = table.rename(columns={column: "file"}).drop(columns="id", errors="ignore")
    _check_files(path, table["file"])
    table["file"] = [Path(name).as_posix() for name in table["file"]]
    table = table.set_index("file", drop=True)
    exists = [(path.parent / name).is_file() for name in table.index]
    absent = tuple(
        (name, f"named in {path.name} but not there") for name in table.index[[not one for one in exists]]
    )
    table = table.loc[exists]
    return Listing(path.parent, tuple(table.index), table, absent)


def _walk(folder: Path) -> list[str]:
    found: list[str] = []
    for root, folders, files in os.walk(folder, onerror=_raise):
        folders.sort()
        found.extend((Path(root) / name).relative_to(folder).as_posix() for name in files)
    return sorted(found)


def _raise(error: OSError) -> None:
    raise InputError(Problem(f"cannot be listed: {error.strerror}", where=str(error.filename))) from error


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix.lower() == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (
        OSError,
        ValueError,
    ) as error:  # pandas and pyarrow raise subclasses of ValueError for bad content
        raise InputError(Problem(f"is no readable table: {error}", where=str(path))) from error
    text = table.astype(object).map(_as_text)
    return text.rename(columns=str)


def _as_text(value: object) -> str | None:
    missing = value is None or value != value or value == ""  # noqa: PLR0124 - NaN
    return None if missing else str(value)


def _check_files(path: Path, files: pd.Series) -> None:
    problems = []
    if empty := int(files.isna().sum()):
        problems.append(Problem(f"{empty} rows name no file", where=str(path)))
    twice = [name for name, count in Counter(files.dropna()).items() if count > 1]
    problems += [Problem(f"names {name!r} more than once", where=str(path)) for name in twice[:5]]
    if problems:
        raise InputError(problems)
