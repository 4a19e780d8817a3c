"""How well did the detector do by what readers said, and readers by pairs whose truth is known? With intervals.

The readers are the reference: a pair is a copy where most of them said so. Same patient is no copy; unsure says nothing
about the detector, and counts as missed where the truth is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from doppelscan.errors import InputError, Problem
from doppelscan.estimates import Estimate
from doppelscan.findings import Run, most_suspicious, read_run
from doppelscan.review.recalibrating import Recalibrated, recalibrated
from doppelscan.review.verdicts import LABELS, verdicts_of
from doppelscan.statistics import clustered, cohen_kappa, fleiss_kappa, sensitivity_specificity

__all__ = ["Known", "Readers", "Reference", "exported", "known_copies_let_pass", "readers_of"]

_SAID = ("synthetic_id", "train_id", "reader", "label")
_OPINION = {"copy": 1, "same_patient": 0, "novel": 0, "unsure": -1}


@dataclass(frozen=True)
class Reference:
    """The detector held against one opinion of each audited pair: a reader's, or that of most."""

    n_copies: int
    n_others: int
    sensitivity: Estimate
    specificity: Estimate
    kappa: Estimate

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return _plain(vars(self))


@dataclass(frozen=True)
class Known:
    """What a reader made of the controls: the share of known copies called a copy, and that of held-out images."""

    sensitivity: Estimate
    false_alarms: Estimate

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return _plain(vars(self))


@dataclass(frozen=True)
class Readers:
    """What the verdicts of a run say.

    Attributes
    ----------
    n_pairs, n_tied, n_gone
        Audited pairs that somebody read; those on which as many said copy as not, or nobody was sure, which count
        in `by_reader` only; verdicts on pairs that are no longer the run's best matches, which count nowhere.
    overall, by_reader
        The detector against what most readers said, and against each. Among the pairs that were read: of copies
        that are not suspicious enough to be read, nothing is known.
    known
        Each reader on the controls.
    fleiss, cohen
        Kappa of all readers, and of each two of them, on whether an audited pair is a copy; None and none where
        there is one reader.
    fleiss_of_labels
        Kappa of all readers on all four answers.
    threshold
        Where the statistic would best be cut by what most readers said; None with fewer than two patients of
        either kind.
    """

    n_pairs: int
    n_tied: int
    n_gone: int
    overall: Reference
    by_reader: Mapping[str, Reference]
    known: Mapping[str, Known]
    fleiss: Estimate | None
    fleiss_of_labels: Estimate | None
    cohen: Mapping[tuple[str, str], Estimate]
    threshold: Recalibrated | None

    def to_json(self) -> dict[str, Any]:
        """Plain values, all of them."""
        cohen = [{"readers": list(both), **kappa.to_json()} for both, kappa in self.cohen.items()]
        return _plain(vars(self)) | {"cohen": cohen}


def readers_of(run: Path) -> Readers:
    """What the verdicts of a run say of its detector and of its readers; intervals are by patient.

    Raises
    ------
    InputError
        If there is no run, or nobody has read it.
    """
    audit, verdicts = read_run(run), _read(run)
    audited = verdicts[verdicts["control"] == ""]
    pairs = _pairs(audit, audited)
    names = sorted(verdicts["reader"].unique())
    readings = _readings(pairs, audited, names, _OPINION)
    majority = _majority(readings)
    labels = _readings(pairs, audited, names, {label: k for k, label in enumerate(LABELS)})
    patient = pairs["code"].to_numpy(np.int64)
    flagged = pairs["copied"].to_numpy(bool)
    score = pairs["statistic"].to_numpy(np.float64)
    several = len(names) > 1
    return Readers(
        n_pairs=len(pairs),
        n_tied=int((majority < 0).sum()),
        n_gone=int(len(audited) - (labels >= 0).sum()),
        overall=_reference(flagged, majority, patient),
        by_reader={name: _reference(flagged, readings[:, k], patient) for k, name in enumerate(names)},
        known={name: _known(verdicts[verdicts["reader"] == name], audit) for name in names},
        fleiss=fleiss_kappa(_counts(readings, 2), patient) if several else None,
        fleiss_of_labels=fleiss_kappa(_counts(labels, len(LABELS)), patient) if several else None,
        cohen={
            (names[a], names[b]): _cohen(readings[:, a], readings[:, b], patient)
            for a, b in combinations(range(len(names)), 2)
        },
        threshold=recalibrated(score[majority >= 0], majority[majority >= 0] == 1, patient[majority >= 0]),
    )


def exported(run: Path) -> pd.DataFrame:
    """The verdicts on audited pairs as a table that `audit.agreement` reads, without those that are unsure.

    Columns: `first`, `second` (the ids of the images), `label` (copy or novel), `reader`, `patient`, `score` (the
    statistic), `verdict` (of the detector), and beyond what it reads `said`, `at`, `comment`.
    """
    audit, verdicts = read_run(run), _read(run)
    sure = verdicts[(verdicts["control"] == "") & (verdicts["label"] != "unsure")]
    table = sure.merge(_best(audit), on=["synthetic_id", "train_id"])
    return pd.DataFrame(
        {
            "first": table["synthetic_id"],
            "second": table["train_id"],
            "label": np.where(table["label"] == "copy", "copy", "novel"),
            "reader": table["reader"],
            "patient": table["patient"],
            "score": table["statistic"],
            "verdict": np.where(table["copied"].astype(bool), "copy", "novel"),
            "said": table["label"],
            "at": table["at"],
            "comment": table["comment"],
        }
    )


def known_copies_let_pass(verdicts: pd.DataFrame) -> dict[str, Estimate]:
    """The share of the known copies shown to each reader that this reader called novel; unknown where none was shown.

    `verdicts` are those of `verdicts_of`. Who calls a copy the same patient does not let it pass, nor who is unsure.
    """
    return {
        str(name): _share(rows[rows["control"] == "copy"], "novel", "train_id")
        for name, rows in verdicts.groupby("reader")
    }


def _read(run: Path) -> pd.DataFrame:
    verdicts = verdicts_of(run)
    if verdicts.empty:
        raise InputError(Problem("nobody has read its pairs", str(run), f"run doppelscan review {run}"))
    return verdicts


def _best(audit: Run) -> pd.DataFrame:
    """The best match of each synthetic image; an undefined statistic is the lowest, an unknown patient one alone."""
    best = most_suspicious(audit.matches)[["synthetic_id", "train_id", "patient", "statistic", "copied"]]
    return best.assign(
        statistic=best["statistic"].astype(float).fillna(-math.inf),
        patient=best["patient"].where(best["patient"].notna(), best["train_id"]),
    )


def _pairs(audit: Run, audited: pd.DataFrame) -> pd.DataFrame:
    """The pairs that were read and still are the run's, each once."""
    pairs = _best(audit).merge(audited[["synthetic_id", "train_id"]].drop_duplicates())
    return pairs.assign(code=pd.factorize(pairs["patient"])[0])


def _readings(
    pairs: pd.DataFrame, audited: pd.DataFrame, names: list[str], meaning: Mapping[str, int]
) -> Int64[np.ndarray, "p r"]:
    """What each reader called each pair; -1 where that says nothing."""
    readings = np.full((len(pairs), len(names)), -1, dtype=np.int64)
    row = {key: k for k, key in enumerate(zip(pairs["synthetic_id"], pairs["train_id"], strict=True))}
    for synthetic, train, reader, label in audited[list(_SAID)].to_numpy():
        if (at := row.get((synthetic, train))) is not None:
            readings[at, names.index(reader)] = meaning[label]
    return readings


def _majority(readings: Int64[np.ndarray, "p r"]) -> Int64[np.ndarray, " p"]:
    """What most readers called each pair; -1 where as many said the one as the other."""
    more = (readings == 1).sum(axis=1) - (readings == 0).sum(axis=1)
    return np.where(more == 0, -1, (more > 0).astype(np.int64))


def _counts(readings: Int64[np.ndarray, "p r"], n: int) -> Int64[np.ndarray, "p n"]:
    return np.column_stack([(readings == word).sum(axis=1) for word in range(n)])


def _reference(
    flagged: Bool[np.ndarray, " p"], said: Int64[np.ndarray, " p"], patient: Int64[np.ndarray, " p"]
) -> Reference:
    seen = said >= 0
    copy = said[seen] == 1
    found, left = sensitivity_specificity(flagged[seen], copy, patient[seen])
    return Reference(
        int(copy.sum()), int((~copy).sum()), found, left, _cohen(flagged.astype(np.int64), said, patient)
    )


def _cohen(
    first: Int64[np.ndarray, " p"], second: Int64[np.ndarray, " p"], patient: Int64[np.ndarray, " p"]
) -> Estimate:
    both = (first >= 0) & (second >= 0)
    return cohen_kappa(first[both], second[both], patient[both])


def _known(verdicts: pd.DataFrame, audit: Run) -> Known:
    patients = dict(zip(audit.nulls["image_id"], audit.nulls["patient"], strict=True))
    copies, novel = (verdicts[verdicts["control"] == arm] for arm in ("copy", "novel"))
    known = novel["synthetic_id"].map(patients)
    unseen = novel.assign(patient=known.where(known.notna(), novel["synthetic_id"]))
    return Known(_share(copies, "copy", "train_id"), _share(unseen, "copy", "patient"))


def _share(verdicts: pd.DataFrame, label: str, patient: str) -> Estimate:
    """How many of the verdicts say so; the interval is by what the column `patient` names."""
    hits: Float64[np.ndarray, " n"] = (verdicts["label"] == label).to_numpy(np.float64)
    return clustered(hits, pd.factorize(verdicts[patient])[0].astype(np.int64))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    def one(value: Any) -> Any:
        if hasattr(value, "to_json"):
            return value.to_json()
        return {str(key): one(part) for key, part in value.items()} if isinstance(value, Mapping) else value

    return {name: one(value) for name, value in values.items()}
