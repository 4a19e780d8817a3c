"""What a table of labelled pairs says: which images, who called them a copy, what a detector made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets.tables import read_user_table

__all__ = ["LabelledPairs", "read_pairs"]

_WORDS = {"copy": True, "1": True, "novel": False, "0": False}
_PAIR = ["first", "second"]


@dataclass(frozen=True, eq=False)
class LabelledPairs:
    """Pairs of images, each once, and their readings.

    Attributes
    ----------
    first, second
        The images' names, as the table has them.
    patient
        A number for the patient of each pair; without a column `patient`, each second image has its own.
    readers
        Who read; one without a name where there is no column `reader`.
    readings
        What each reader called each pair: 1 a copy, 0 novel, -1 where a reader did not see it.
    score, verdict
        What a detector made of each pair, where the table says it.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    patient: Int64[np.ndarray, " p"]
    readers: tuple[str, ...]
    readings: Int64[np.ndarray, "p r"]
    score: Float64[np.ndarray, " p"] | None
    verdict: Bool[np.ndarray, " p"] | None

    def __len__(self) -> int:
        return len(self.first)

    @property
    def majority(self) -> Int64[np.ndarray, " p"]:
        """What most readers called each pair; -1 where as many said the one as the other."""
        more = (self.readings == 1).sum(axis=1) - (self.readings == 0).sum(axis=1)
        return np.where(more == 0, -1, (more > 0).astype(np.int64))


def read_pairs(path: Path) -> LabelledPairs:
    """The pairs of a CSV or Parquet table.

    Its columns are `first`, `second`, `label` (copy or novel, 1 or 0), and, where wanted, `reader`,
    `patient`, `score`, `verdict` (as `label`). A row is what one reader said of one pair.

    Raises
    ------
    InputError
        For everything that is wrong with the table: columns that are missing, rows without a name, words
        that are no label, scores that are no number, pairs that are there twice or are told apart by what
        should be one to a pair.
    """
    table = read_user_table(path)
    if missing := [name for name in (*_PAIR, "label") if name not in table]:
        raise InputError(
            [
                Problem(f"has no column {name!r}, only {', '.join(table.columns)}", str(path))
                for name in missing
            ]
        )
    if problems := list(_problems(table, path)):
        raise InputError(problems)
    return _pairs(table)


def _pairs(table: pd.DataFrame) -> LabelledPairs:
    number = table.groupby(_PAIR, sort=False).ngroup().to_numpy()
    row = np.unique(number, return_index=True)[1]
    reader, readers = pd.factorize(table["reader"] if "reader" in table else np.zeros(len(table), dtype=str))
    readings = np.full((len(row), len(readers)), -1, dtype=np.int64)
    readings[number, reader] = [_WORDS[label.lower()] for label in table["label"]]
    one_each = table.iloc[row]
    patient = one_each["second"] if "patient" not in table else _patients(one_each)
    return LabelledPairs(
        first=tuple(one_each["first"]),
        second=tuple(one_each["second"]),
        patient=pd.factorize(patient)[0].astype(np.int64),
        readers=tuple(map(str, readers)),
        readings=readings,
        score=one_each["score"].map(float).to_numpy(np.float64) if "score" in table else None,
        verdict=one_each["verdict"].map(_is_copy).to_numpy(bool) if "verdict" in table else None,
    )


def _patients(table: pd.DataFrame) -> pd.Series[str]:
    return table["patient"].where(table["patient"].notna(), "\0" + table["second"])


def _problems(table: pd.DataFrame, path: Path) -> Iterator[Problem]:
    if table.empty:
        yield Problem("holds no pair", where=str(path))
    unnamed = table[_PAIR].isna().any(axis=1)
    if unnamed.any():
        yield Problem(f"{unnamed.sum()} rows do not name both images", where=str(path))
    table = table[~unnamed]
    for column in {"label", "verdict"} & set(table):
        yield from _unreadable(table, column, path, _is_copy, f"is none of {', '.join(_WORDS)}")
    if "score" in table:
        yield from _unreadable(table, "score", path, _number, "is no number")
    if "reader" in table and table["reader"].isna().any():
        yield Problem(f"{table['reader'].isna().sum()} rows name no reader", where=str(path))
    yield from _repeated(table, path)
    for column in {"score", "verdict", "patient"} & set(table):
        yield from _divided(table, column, path)


def _unreadable(
    table: pd.DataFrame, column: str, path: Path, read: Callable[[str | None], object], why: str
) -> Iterator[Problem]:
    """A problem for each value of a column that cannot be read."""
    bad = table[np.array([read(value) is None for value in table[column]], dtype=bool)]
    for value, rows in bad.groupby(column, sort=False, dropna=False):
        what = f"{column} {value!r} {why}" if isinstance(value, str) else f"no {column}"
        yield Problem(what, where=f"{path}: {_listed(rows)}")


def _repeated(table: pd.DataFrame, path: Path) -> Iterator[Problem]:
    one = [*_PAIR, *({"reader"} & set(table))]
    if (again := table[table.duplicated(one)]).empty:
        return
    if "reader" in table:
        yield Problem("read twice by one reader", where=f"{path}: {_listed(again)}")
    else:
        cure = "name who said which in a column `reader`"
        yield Problem("named more than once", where=f"{path}: {_listed(again)}", cure=cure)


def _divided(table: pd.DataFrame, column: str, path: Path) -> Iterator[Problem]:
    """The pairs whose rows differ in what should be one to a pair."""
    several = table.groupby(_PAIR, sort=False)[column].transform("nunique", dropna=False) > 1
    if several.any():
        yield Problem(f"have more than one {column}", where=f"{path}: {_listed(table[several])}")


def _listed(rows: pd.DataFrame) -> str:
    pairs = list(dict.fromkeys(f"{a} and {b}" for a, b in zip(rows["first"], rows["second"], strict=True)))
    return "; ".join(pairs[:3]) + (f" and {len(pairs) - 3} pairs more" if len(pairs) > 3 else "")


def _is_copy(word: str | None) -> bool | None:
    return None if word is None else _WORDS.get(word.lower())


def _number(text: str | None) -> float | None:
    """The number that a text is; a score may be infinite, but not undefined."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return None if math.isnan(value) else value
