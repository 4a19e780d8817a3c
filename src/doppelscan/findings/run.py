"""The folder of one audit: findings, tables, and the record of how they were made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from doppelscan.errors import FormatError, InputError, Problem
from doppelscan.findings.derived import DERIVED
from doppelscan.findings.findings import FORMAT, Findings
from doppelscan.findings.folders import cleared
from doppelscan.findings.tables import ALIGNMENTS, CONTROLS, MATCHES, NULLS
from doppelscan.store import (
    check_writable,
    contents,
    read_json,
    read_table,
    write_json,
    write_table,
    write_text,
)

__all__ = ["RECORD_FORMAT", "Run", "check_folder", "read_run", "write_run"]

RECORD_FORMAT = "doppelscan-run/1"
_FILES = (
    "matches.parquet",
    "nulls.parquet",
    "controls.parquet",
    "alignments.parquet",
    "derived.parquet",
    "run.json",
    "run.log",
    "findings.json",
)
_CONCLUSIONS = {"findings.json", "quality.json", "utility.json", "membership.json", "power.json"}
"""What tells the kind of a run: other files have one name in several kinds."""


def _no_alignments() -> pd.DataFrame:
    return pd.DataFrame(columns=ALIGNMENTS.names)


def _no_derived() -> pd.DataFrame:
    return pd.DataFrame(columns=DERIVED.names)


@dataclass(frozen=True)
class Run:
    """One audit: what it concludes, the tables it rests on, and the record of how it was made.

    `record` is the content of `run.json`: `sets` (for `train`, `synthetic`, `holdout`: where the set is,
    its fingerprint, its number of images, the preparation, what could not be read), `settings`, `seed`,
    `versions`, `started`, `seconds` by stage. `log` holds the lines of `run.log`, for people.
    `alignments` has no row unless the method aligns; `findings.alignments` reads them. `derived` has one for each
    synthetic image that was made from a real one.
    """

    findings: Findings
    matches: pd.DataFrame
    nulls: pd.DataFrame
    controls: pd.DataFrame
    record: Mapping[str, Any]
    log: tuple[str, ...] = ()
    alignments: pd.DataFrame = field(default_factory=_no_alignments)
    derived: pd.DataFrame = field(default_factory=_no_derived)


def check_folder(folder: Path, files: Collection[str] = _FILES, what: str = "an audit") -> None:
    """Refuse a folder that these files of a run could not, or should not, be written to.

    Raises
    ------
    InputError
        If it cannot be written to, or holds something else than an earlier run or what is left of one.
    """
    check_writable(folder / "file")
    found = contents(folder)
    if found and (not found & set(files) or (found & _CONCLUSIONS) - set(files)):
        raise InputError(Problem(f"holds something else than {what}", where=str(folder), cure="name another"))


def write_run(folder: Path, run: Run) -> None:
    """Write a run's files in the place of an earlier run's.

    `findings.json` and the report go first, and `findings.json` comes last: a folder that has it is whole.
    """
    cleared(folder, "findings.json")
    write_table(folder / "matches.parquet", run.matches, MATCHES)
    write_table(folder / "nulls.parquet", run.nulls, NULLS)
    write_table(folder / "controls.parquet", run.controls, CONTROLS)
    write_table(folder / "alignments.parquet", run.alignments, ALIGNMENTS)
    write_table(folder / "derived.parquet", run.derived, DERIVED)
    write_json(folder / "run.json", {"format": RECORD_FORMAT} | dict(run.record))
    write_text(folder / "run.log", "".join(f"{line}\n" for line in run.log))
    write_json(folder / "findings.json", run.findings.to_json())


def read_run(folder: Path) -> Run:
    """The run that `write_run` wrote.

    Raises
    ------
    InputError
        If there is no run in `folder`.
    FormatError
        For every file of it that is damaged or of another version, all named at once.
    """
    if not (folder / "findings.json").exists():
        raise InputError(
            Problem("holds no audit (no findings.json)", where=str(folder), cure="run doppelscan audit")
        )
    problems: list[Problem] = []
    parts: dict[str, Any] = {}
    readers: dict[str, Callable[[], Any]] = {
        "findings": lambda: Findings.from_json(read_json(folder / "findings.json", expected=FORMAT)),
        "matches": lambda: read_table(folder / "matches.parquet", MATCHES),
        "nulls": lambda: read_table(folder / "nulls.parquet", NULLS),
        "controls": lambda: read_table(folder / "controls.parquet", CONTROLS),
        "alignments": lambda: _alignments(folder / "alignments.parquet"),
        "derived": lambda: _derived(folder / "derived.parquet"),
        "record": lambda: _record(folder / "run.json"),
    }
    for name, read in readers.items():
        try:
            parts[name] = read()
        except FormatError as error:
            problems.extend(error.problems)
    if problems:
        raise FormatError(problems)
    return Run(**parts)


def _record(path: Path) -> dict[str, Any]:
    """The record; what is a table in every record is one in this, and files that were not read have a reason."""
    record = read_json(path, expected=RECORD_FORMAT)
    told = [record[name] for name in ("settings", "sets", "versions", "seconds") if name in record]
    sets = record.get("sets", {})
    told += sets.values() if isinstance(sets, dict) else ()
    if not all(isinstance(one, dict) and _are_pairs(one.get("unreadable")) for one in told):
        raise FormatError(Problem("is damaged: holds something else where tables belong", where=str(path)))
    return record


def _are_pairs(unread: object) -> bool:
    """Whether this is a list of files and reasons, or nothing."""
    pairs = [] if unread is None else unread
    return isinstance(pairs, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)


def _derived(path: Path) -> pd.DataFrame:
    """What was made from real images; the first runs have no such file."""
    return read_table(path, DERIVED) if path.exists() else _no_derived()


def _alignments(path: Path) -> pd.DataFrame:
    """The alignments; the first runs have no such file."""
    return read_table(path, ALIGNMENTS) if path.exists() else _no_alignments()
