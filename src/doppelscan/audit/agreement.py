"""How well a detector agrees with people who looked at the same pairs, or with what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from doppelscan.audit.labelled import LabelledPairs, read_pairs
from doppelscan.audit.paired import paired_scores
from doppelscan.errors import InputError, Problem
from doppelscan.estimates import Estimate
from doppelscan.images.preparation import Preparation
from doppelscan.settings import Resources
from doppelscan.statistics import auc, cohen_kappa, fleiss_kappa, sensitivity_at, sensitivity_specificity
from doppelscan.workers import Progress, silent

__all__ = ["Agreement", "Detected", "agreement"]


@dataclass(frozen=True)
class Detected:
    """A detector held against one labelling; `estimates` by name.

    Of verdicts there are `sensitivity`, `specificity` and `kappa`; of scores `auc`, and the sensitivity at 1%
    and 5% of false alarms, `sensitivity_at_1_percent` and `sensitivity_at_5_percent`.
    """

    n_copies: int
    n_novel: int
    estimates: Mapping[str, Estimate]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        rates = {name: estimate.to_json() for name, estimate in self.estimates.items()}
        return {"n_copies": self.n_copies, "n_novel": self.n_novel, **rates}


@dataclass(frozen=True)
class Agreement:
    """What labelled pairs say of a detector.

    Attributes
    ----------
    n_pairs, n_tied
        All pairs, and those that as many readers called a copy as novel: these count in `by_reader` only.
    scored_by
        `pearson`, or `table` where that holds scores; None where it holds verdicts only.
    n_undefined
        Pairs without a score, since one of their images is constant; they count as the lowest.
    threshold
        The score above which a pair is called a copy; None where verdicts are given, or none are made.
    overall, by_reader
        The detector against what most readers said, and against each of several.
    between_readers
        Kappa of the readers among themselves: Cohen's of two, Fleiss' of more, None of one.
    """

    n_pairs: int
    n_tied: int
    scored_by: str | None
    n_undefined: int
    threshold: float | None
    overall: Detected
    by_reader: Mapping[str, Detected]
    between_readers: Estimate | None

    def to_json(self) -> dict[str, Any]:
        """Plain values, all of them."""
        between = self.between_readers
        return vars(self) | {
            "overall": self.overall.to_json(),
            "by_reader": {name: one.to_json() for name, one in self.by_reader.items()},
            "between_readers": None if between is None else between.to_json(),
        }


def agreement(
    pairs: str | Path,
    *,
    threshold: float | None = None,
    preparation: Preparation | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Agreement:
    """How well scores or verdicts agree with the labels in a table of pairs (see `read_pairs`).

    Where the table has neither, its images are read and scored by the correlation of their pixels. With a
    `threshold`, scores above it are verdicts too. Intervals are by patient.

    Raises
    ------
    InputError
        For everything that is wrong with the table, with its images, or with what is asked of it.
    """
    path, preparation = Path(pairs), preparation or Preparation()
    labelled = read_pairs(path)
    if problems := _misused(labelled, threshold, preparation):
        raise InputError(problems)
    if scored_here := labelled.score is None and labelled.verdict is None:
        score = paired_scores(
            labelled,
            path.parent,
            preparation=preparation,
            resources=resources or Resources(),
            progress=progress,
        )
        labelled = replace(labelled, score=score)
    if threshold is not None and labelled.score is not None:
        labelled = replace(labelled, verdict=labelled.score > threshold)
    return _agreement(labelled, threshold, "pearson" if scored_here else "table")


def _misused(labelled: LabelledPairs, threshold: float | None, preparation: Preparation) -> list[Problem]:
    problems = []
    if threshold is not None and labelled.verdict is not None:
        cure = "leave out the one or the other"
        problems.append(Problem("the table holds verdicts already", where="--threshold", cure=cure))
    if not preparation.is_identity and (labelled.score is not None or labelled.verdict is not None):
        what = "the table holds scores or verdicts: no image is read"
        problems.append(Problem(what, where="--size, --channels", cure="leave them out"))
    return problems


def _agreement(labelled: LabelledPairs, threshold: float | None, scored_by: str) -> Agreement:
    majority, readers = labelled.majority, labelled.readers
    of_readers = zip(readers, labelled.readings.T, strict=True) if len(readers) > 1 else ()
    score = labelled.score
    return Agreement(
        n_pairs=len(labelled),
        n_tied=int(np.count_nonzero(majority < 0)),
        scored_by=None if score is None else scored_by,
        n_undefined=0 if score is None else int(np.count_nonzero(np.isnan(score))),
        threshold=threshold,
        overall=_detected(labelled, majority),
        by_reader={reader: _detected(labelled, said) for reader, said in of_readers},
        between_readers=_between(labelled),
    )


def _detected(labelled: LabelledPairs, said: Int64[np.ndarray, " p"]) -> Detected:
    """The detector against one opinion of each pair, where there is one."""
    seen = said >= 0
    copy, patient = said[seen] == 1, labelled.patient[seen]
    estimates: dict[str, Estimate] = {}
    if labelled.verdict is not None:
        flagged = labelled.verdict[seen]
        found, left = sensitivity_specificity(flagged, copy, patient)
        kappa = cohen_kappa(flagged.astype(np.int64), copy.astype(np.int64), patient)
        estimates |= {"sensitivity": found, "specificity": left, "kappa": kappa}
    if labelled.score is not None:
        score = labelled.score[seen]
        estimates |= {
            "auc": auc(score, copy, patient),
            "sensitivity_at_1_percent": sensitivity_at(score, copy, patient, 0.01),
            "sensitivity_at_5_percent": sensitivity_at(score, copy, patient, 0.05),
        }
    return Detected(int(copy.sum()), int((~copy).sum()), estimates)


def _between(labelled: LabelledPairs) -> Estimate | None:
    readings, patient = labelled.readings, labelled.patient
    if readings.shape[1] < 2:
        return None
    if readings.shape[1] > 2:
        counts = np.column_stack([(readings == word).sum(axis=1) for word in (0, 1)])
        return fleiss_kappa(counts, patient)
    both = (readings >= 0).all(axis=1)
    return cohen_kappa(readings[both, 0], readings[both, 1], patient[both])
