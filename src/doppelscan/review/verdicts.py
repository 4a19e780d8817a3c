"""What did readers say of pairs, and is it on disk? One SQLite file in the run's folder; no row of it ever changes.

A verdict, its correction and its withdrawal are rows of their own: what stands is the last row of a reader and a pair.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd

from doppelscan.errors import FormatError, Problem
from doppelscan.images import Image
from doppelscan.store import fingerprint

__all__ = [
    "FILE",
    "LABELS",
    "Control",
    "Label",
    "PairKey",
    "Verdict",
    "Verdicts",
    "not_called_novel",
    "pair_fingerprint",
    "verdicts_of",
]

Label = Literal["copy", "same_patient", "novel", "unsure"]
Control = Literal["", "copy", "novel"]
"""Whether a pair is an audited one, a known copy, or a held-out image and the training image most like it."""

LABELS: tuple[Label, ...] = get_args(Label)
FILE = "review.sqlite"

_VERSION = 1
_APPLICATION = 0x64735276  # "dsRv": what the file is, in its header
_COLUMNS = ("reader", "synthetic_id", "train_id", "control", "label", "at", "comment", "fingerprint")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    reader TEXT NOT NULL,
    synthetic_id TEXT NOT NULL,
    train_id TEXT NOT NULL,
    control TEXT NOT NULL CHECK (control IN ('', 'copy', 'novel')),
    label TEXT CHECK (label IN ('copy', 'same_patient', 'novel', 'unsure')),  -- null: withdrawn
    at TEXT NOT NULL,
    comment TEXT NOT NULL,
    fingerprint TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS kept BEFORE UPDATE ON verdicts BEGIN SELECT RAISE(ABORT, 'verdicts are kept'); END;
CREATE TRIGGER IF NOT EXISTS whole BEFORE DELETE ON verdicts BEGIN SELECT RAISE(ABORT, 'verdicts are kept'); END;
"""
_OBJECTS = "SELECT name, coalesce(sql, '') FROM sqlite_master ORDER BY name"
_STANDING = f"""
SELECT {", ".join(_COLUMNS)} FROM verdicts WHERE label IS NOT NULL AND number IN
    (SELECT MAX(number) FROM verdicts GROUP BY reader, control, synthetic_id, train_id)
ORDER BY number
"""  # noqa: S608 - names of our own


@dataclass(frozen=True)
class PairKey:
    """Which pair a verdict is about. Of a known copy, `synthetic_id` is its `image_id` in `controls.parquet`."""

    synthetic_id: str
    train_id: str
    control: Control = ""


@dataclass(frozen=True)
class Verdict:
    """What one reader said of one pair, when, and the fingerprint of what was seen."""

    label: Label
    at: str
    comment: str
    fingerprint: str


def verdicts_of(run: Path) -> pd.DataFrame:
    """The verdicts that stand, of all readers, oldest first.

    Columns: `reader`, `synthetic_id`, `train_id`; `control`, empty for an audited pair, `copy` for a known copy,
    `novel` for a held-out image and the training image most like it; `label` (copy, same_patient, novel, unsure);
    `at` (ISO 8601, UTC); `comment`; `fingerprint`, the `pair_fingerprint` of what the reader saw. No row where nobody
    has read.

    Raises
    ------
    FormatError
        If the file is damaged, no review, or of a newer version.
    """
    if not (run / FILE).exists():
        return pd.DataFrame(columns=list(_COLUMNS), dtype=object)
    with _told_apart(run / FILE), closing(_opened_to_read(run / FILE)) as connection:
        _check(connection, run / FILE)
        return pd.DataFrame(connection.execute(_STANDING).fetchall(), columns=list(_COLUMNS), dtype=object)


def not_called_novel(run: Path) -> frozenset[str]:
    """The synthetic images that some reader called a copy, or the same patient, or was unsure of.

    Raises
    ------
    FormatError
        As of `verdicts_of`.
    """
    verdicts = verdicts_of(run)
    return frozenset(
        verdicts.loc[(verdicts["control"] == "") & (verdicts["label"] != "novel"), "synthetic_id"]
    )


def pair_fingerprint(synthetic: Image, training: Image) -> str:
    """What a pair is known by: both images' stored pixels, as the audit saw them, and how they become values."""
    return fingerprint([_told_by(image) for image in (synthetic, training)])


class Verdicts:
    """The verdicts of a run, open to be written; may be used from several threads, and by several processes at once."""

    def __init__(self, run: Path) -> None:
        """Open the file of this run, or make it.

        Raises
        ------
        FormatError
            If it is damaged, no review, or of a newer version.
        """
        self._path, self._lock = run / FILE, threading.Lock()
        with _told_apart(self._path):
            self._connection = sqlite3.connect(self._path, timeout=30, check_same_thread=False)
            _prepare(self._connection, self._path)

    def add(self, reader: str, pair: PairKey, label: Label, comment: str, seen: str) -> str:
        """Write a verdict on a pair whose fingerprint is `seen`; when it was. It is on disk when this comes back."""
        return self._write(reader, pair, label, comment, seen)

    def withdraw(self, reader: str, pair: PairKey) -> None:
        """Take a reader's verdict on a pair back; what it was stays on record."""
        self._write(reader, pair, None, "", "")

    def standing(self, reader: str) -> dict[PairKey, Verdict]:
        """The verdicts of one reader that stand, in the order in which they were given."""
        with self._lock:
            rows = self._connection.execute(_STANDING).fetchall()
        return {PairKey(*row[1:4]): Verdict(*row[4:]) for row in rows if row[0] == reader}

    def close(self) -> None:
        """Leave the file; what was written is in it."""
        self._connection.close()

    def _write(self, reader: str, pair: PairKey, label: Label | None, comment: str, seen: str) -> str:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        row = (reader, pair.synthetic_id, pair.train_id, pair.control, label, at, comment, seen)
        places = ", ".join("?" * len(row))
        with self._lock, self._connection:  # committed, and synchronised to the disk, at the end of the block
            self._connection.execute(
                f"INSERT INTO verdicts ({', '.join(_COLUMNS)}) VALUES ({places})",  # noqa: S608 - names of our own
                row,
            )
        return at


def _told_by(image: Image) -> list[object]:
    stored = np.ascontiguousarray(image.stored)
    content = fingerprint(stored.tobytes())
    return [list(stored.shape), stored.dtype.str, content, image.slope, image.intercept]


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """A file of ours, in which what is committed survives a power cut."""
    if connection.execute("PRAGMA schema_version").fetchone()[0]:
        _check(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.executescript(_SCHEMA)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    if application != _APPLICATION:
        raise FormatError(Problem("is no review of doppelscan", where=str(path)))
    if version > _VERSION:
        what = f"is of version {version}, newer than {_VERSION}"
        raise FormatError(Problem(what, where=str(path), cure="update doppelscan"))
    if connection.execute(_OBJECTS).fetchall() not in ([], _ours()):
        raise FormatError(Problem("holds other tables, views or triggers than a review has", where=str(path)))


def _opened_to_read(path: Path) -> sqlite3.Connection:
    """The file as it is; where its folder cannot be written to and nobody writes, without the files of the log."""
    here = path.resolve().as_uri()
    connection = sqlite3.connect(f"{here}?mode=ro", uri=True, timeout=30)
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if path.with_name(path.name + "-wal").exists():
            raise
        connection = sqlite3.connect(f"{here}?immutable=1", uri=True)
    return connection


@cache
def _ours() -> list[tuple[str, str]]:
    """What a review holds: more would be run by whoever opens it."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_SCHEMA)
        return list(connection.execute(_OBJECTS).fetchall())


@contextmanager
def _told_apart(path: Path) -> Iterator[None]:
    """What SQLite cannot work with, as an error of ours."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise FormatError(Problem(f"cannot be used: {error}", where=str(path))) from error
