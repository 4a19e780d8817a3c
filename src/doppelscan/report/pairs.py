"""Which matches are most suspicious, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pandas as pd

from doppelscan.findings import most_suspicious

__all__ = ["Pair", "best_pairs"]


@dataclass(frozen=True)
class Pair:
    """A synthetic image, the real image most like it, and the verdict: a row of `matches.parquet`.

    `train_id` and `patient` are None where there is no match or no known patient; undefined numbers are NaN.
    """

    synthetic_id: str
    train_id: str | None
    patient: str | None
    score: float
    statistic: float
    p_value: float
    p_kind: str
    q_value: float
    copied: bool


def best_pairs(matches: pd.DataFrame) -> tuple[Pair, ...]:
    """The best match of each synthetic image, most suspicious first: flagged, then by p-value and statistic."""
    best = most_suspicious(matches)
    columns = [field.name for field in fields(Pair)]
    rows = best[columns].astype({"train_id": object, "patient": object})
    rows = rows.where(rows.notna() | ~rows.columns.isin(["train_id", "patient"]), None)
    return tuple(Pair(*row) for row in zip(*(rows[column].tolist() for column in columns), strict=True))
