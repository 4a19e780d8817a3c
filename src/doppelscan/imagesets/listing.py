"""Which files a source names, and what its table says of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets.saved import is_saved
from doppelscan.imagesets.tables import read_user_table
from doppelscan.limits import FOLLOW, NESTING
from doppelscan.store import is_file, is_object, is_zarr
from doppelscan.store.links import leads_out
from doppelscan.store.objects import ZARR, names_under
from doppelscan.store.walking import Met

__all__ = ["Listing", "is_text", "list_folder", "list_table", "name_in", "printable"]

TABLES = ("images.csv", "images.parquet")
OUTSIDE = f"a link that leads out of the folder: name what it leads to, or set {FOLLOW}=1"


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

    Files that the table does not name, and names without a file, are refused, each with its reason. A table that lies
    in a folder names only what is in it; one that is given by itself (`list_table`) names files anywhere.

    Raises
    ------
    InputError
        If the table is damaged, names a file twice, or stands beside another table.
    """
    walked = sorted((name_in(folder, path), why) for path, why in _walk(folder, Met(folder)))
    found = [name for name, why in walked if not why]
    refused = tuple((printable(name), why) for name, why in walked if why)
    tables = [name for name in TABLES if name in found]
    if len(tables) > 1:
        raise InputError(
            Problem(f"holds both {' and '.join(tables)}", where=str(folder), cure="keep one of them")
        )
    if not tables:
        return Listing(folder, tuple(found), refused=refused)
    listing = list_table(folder / tables[0])
    there, named = set(found), set(listing.files)
    others = [(name, f"not named in {tables[0]}") for name in found if name not in named | set(tables)]
    beyond = [(name, _why_not(name, tables[0])) for name in listing.files if name not in there]
    kept = [name in there for name in listing.files]
    told = dict(
        [*listing.refused, *others, *beyond, *refused]
    )  # a reason that was seen before one that is said
    assert listing.table is not None
    files = tuple(name for name in listing.files if name in there)
    return Listing(folder, files, listing.table.loc[kept], tuple(told.items()))


def list_table(path: Path) -> Listing:
    """The files that a CSV or Parquet table names in its column `file` (or `path`), relative to its folder.

    Raises
    ------
    InputError
        If the table cannot be read, has no such column, leaves it empty, or names a file twice.
    """
    table = read_user_table(path)
    column = next((name for name in ("file", "path") if name in table), None)
    if column is None:
        raise InputError(Problem(f"has no column 'file', only {', '.join(table.columns)}", where=str(path)))
    names = [None if name is None else name_in(path.parent, name) for name in table[column]]
    _check_files(path, names)
    table = table.drop(columns=[column, *({"id"} & set(table))]).set_index(pd.Index(names, dtype=object))
    exists = [is_file(path.parent / name) or is_zarr(path.parent / name) for name in table.index]
    absent = tuple(
        (name, f"named in {path.name} but not there") for name in table.index[[not one for one in exists]]
    )
    table = table.loc[exists]
    return Listing(path.parent, tuple(table.index), table, absent)


def name_in(folder: Path, file: str | Path) -> str:
    """How a file is called: relative to the folder where it lies in it, else by its whole path."""
    path = str(file)
    if not is_object(path):
        path = os.path.normpath(os.path.join(folder, path))  # noqa: PTH118 - a Path takes ten times as long
    inside = f"{folder}{os.sep}"
    return (path[len(inside) :] if path.startswith(inside) else path).replace(os.sep, "/")


def is_text(path: str | Path) -> bool:
    """Whether a path can be written down as UTF-8; a file system may hold names that cannot."""
    return printable(path) == str(path)


def printable(path: str | Path) -> str:
    r"""The path with what is no text in it escaped: `\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _walk(folder: Path, met: Met, inside: tuple[Path, ...] = ()) -> Iterator[tuple[Path, str]]:
    """Every file under a folder, with the reason why it cannot be read, if any.

    Links are followed to where they lead within the folder that was named, and no further.
    """
    if is_object(folder):
        yield from _objects(folder, met)
        return
    try:
        with os.scandir(folder) as found:
            entries = sorted(met.counted(found), key=lambda entry: entry.name)
    except OSError as error:
        yield folder, f"cannot be listed: {error.strerror}"
        return
    inside = (*inside, folder.resolve())
    for entry in entries:
        path = folder / entry.name
        if entry.is_symlink() and leads_out(path, inside[0]):
            yield path, OUTSIDE
        elif not os.path.isdir(path):  # noqa: PTH112 - False, not an error, for a link to itself
            yield path, "" if is_text(path) else "its name is not UTF-8"
        elif is_saved(path):
            yield path, "a prepared set: name it by itself"
        elif len(inside) > NESTING.value:
            yield path, f"is nested too deeply: {NESTING}"
        elif is_zarr(path):
            yield path, "" if is_text(path) else "its name is not UTF-8"
        elif path.resolve() in inside:
            yield path, "a link to a folder that it lies in"
        else:
            yield from _walk(path, met, inside)


def _objects(folder: Path, met: Met) -> Iterator[tuple[Path, str]]:
    """The same of a place in an object store."""
    names = list(met.counted(names_under(folder)))
    prepared = {name.removesuffix("imageset.json") for name in names if name.endswith("/imageset.json")}
    within = {
        name.removesuffix(end)
        for end in ZARR
        for name in names
        if name.endswith(f"/{end}") and not name.startswith(tuple(prepared))
    }
    foreign = {name for name in within if not any(name.startswith(other) for other in within - {name})}
    for name in names:
        if not name.startswith((*prepared, *foreign)):
            yield folder / name, ""
    for name in sorted(prepared):
        yield folder / name, "a prepared set: name it by itself"
    for name in sorted(foreign):
        yield folder / name, "a Zarr of others is read from a folder, not from an object store: copy it"


def _why_not(name: str, table: str) -> str:
    """Why a file that a folder's table names is none of the folder's."""
    if os.path.isabs(name):  # noqa: PTH117 - of text
        return f"named in {table}, and lies outside of the folder: give the table itself"
    return f"named in {table}, and is in a prepared set, or where a link leads"


def _check_files(path: Path, names: list[str | None]) -> None:
    problems = []
    if empty := names.count(None):
        problems.append(Problem(f"{empty} rows name no file", where=str(path)))
    twice = [name for name, count in Counter(names).items() if name is not None and count > 1]
    problems += [Problem(f"names {name!r} more than once", where=str(path)) for name in twice[:5]]
    if problems:
        raise InputError(problems)
