"""How well each planted change is found, from the statistics of copies and of novel images. Sees no image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from doppelscan.estimates import Estimate
from doppelscan.findings.power import ALL, Detection
from doppelscan.statistics import auc, clustered, sensitivity_at, threshold_at

__all__ = ["detections"]

_DRAWS = 300  # of the patients behind a threshold
_OUTLINED = 0.5  # intersection over union


def detections(planted: pd.DataFrame) -> tuple[Detection, ...]:
    """Every method's detection of every change at every strength, and of all changes of a list together.

    `planted` has the columns of `findings.power.PLANTED`, `patient_number` (copies and novel images share no
    number of different patients) and `unit`. Thresholds are those of a method and a list: the novel images
    of all its changes and strengths, each patient counting once, set one as an audit's null does.
    """
    lists = planted.groupby(["method", "list"], sort=False)
    return tuple(found for _, rows in lists for found in _of_list(rows))


def _of_list(rows: pd.DataFrame) -> Iterator[Detection]:
    novel = rows[rows["arm"] == "novel"]
    for _, part in rows.groupby(["transform", "strength"], sort=False):
        yield _detection(part, novel)
    if len(set(rows["transform"])) == 1:
        return
    for fraction in sorted(rows["fraction"].dropna().unique()):
        part = rows[(rows["fraction"] == fraction) | rows["fraction"].isna()]
        together = part.assign(transform=ALL, unit="", strength=float("nan"), fraction=fraction)
        yield _detection(together, novel)


def _detection(rows: pd.DataFrame, novel: pd.DataFrame) -> Detection:
    """Of the copies among these rows, against the novel ones among them and against all of the list."""
    copies, alike = rows[rows["arm"] == "copy"], rows[rows["arm"] == "novel"]
    threshold = threshold_at(novel["statistic"].to_numpy(), novel["patient_number"].to_numpy(), 0.01)
    found = copies[copies["statistic"] > threshold]
    scored = _scored(pd.concat([copies, novel]))
    return Detection(
        **{name: rows[name].iloc[0] for name in ("method", "list", "transform", "unit")},
        fraction=_number(rows["fraction"]),
        strength=_number(rows["strength"]),
        n_copies=len(copies),
        n_novel=len(alike),
        sensitivity_at_1_percent=sensitivity_at(*scored, 0.01, n_draws=_DRAWS),
        sensitivity_at_5_percent=sensitivity_at(*scored, 0.05, n_draws=_DRAWS),
        false_alarms_at_1_percent=_share(alike["statistic"] > threshold, alike),
        auc=auc(*_scored(rows)),
        named=_share(copies["named"], copies),
        precision=_share(found["named"], found),
        outlined=_outlined(copies, threshold),
    )


def _outlined(copies: pd.DataFrame, threshold: float) -> Estimate:
    """Of the copies, if they are of parts, those that are found and whose part is outlined."""
    if copies["overlap"].isna().any():
        return Estimate.unknown()
    return _share((copies["statistic"] > threshold) & (copies["overlap"] > _OUTLINED), copies)


def _scored(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The statistic, whether it is a copy's, and the patient."""
    return rows["statistic"].to_numpy(), (rows["arm"] == "copy").to_numpy(), rows["patient_number"].to_numpy()


def _share(hits: pd.Series[bool], rows: pd.DataFrame) -> Estimate:
    return clustered(hits.to_numpy(bool), rows["patient_number"].to_numpy())


def _number(column: pd.Series[float]) -> float | None:
    value = float(column.iloc[0])
    return None if np.isnan(value) else value
