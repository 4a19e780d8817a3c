"""The rows of the page's tables: patients, identity errors, files that could not be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doppelscan.findings import Findings
from doppelscan.report.names import Names
from doppelscan.report.numbers import value
from doppelscan.report.pairs import Pair

__all__ = ["IdentityRow", "PatientRow", "Unread", "identity_rows", "patient_rows", "unread"]


@dataclass(frozen=True)
class PatientRow:
    """A patient whom flagged images resemble; `exposed` at the audit's false discovery rate over patients."""

    patient: str
    exposed: bool
    n_copies: int
    n_images: int
    best_score: str


@dataclass(frozen=True)
class IdentityRow:
    """Two near-identical real images under different patient names."""

    image: str
    patient: str
    other: str
    other_patient: str
    score: str
    reason: str


@dataclass(frozen=True)
class Unread:
    """What could not be read in one set; `files` (name, reason) is empty where names are withheld."""

    part: str
    n: int
    files: tuple[tuple[str, str], ...]


def patient_rows(findings: Findings, pairs: Sequence[Pair], names: Names) -> tuple[PatientRow, ...]:
    """The patients exposed, most certain first, then others whom a flagged image resembles."""
    flagged: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        who = pair.train_id if pair.patient is None else pair.patient
        if pair.copied and who is not None:
            flagged[who].append(pair)
    exposed = set(findings.exposed)
    every = dict.fromkeys([*findings.exposed, *flagged])
    return tuple(_patient_row(name, flagged[name], names, exposed=name in exposed) for name in every)


def identity_rows(findings: Findings, names: Names) -> tuple[IdentityRow, ...]:
    """The pairs that were left out of the null."""
    return tuple(
        IdentityRow(
            names.image(error.image_id),
            names.patient(error.patient),
            names.image(error.other_id),
            names.patient(error.other_patient),
            value(error.score),
            "withheld" if names.redacted else error.reason,
        )
        for error in findings.identity_errors
    )


def unread(record: Mapping[str, Any], names: Names) -> Iterator[Unread]:
    """What could not be read, set by set; files of real sets are only counted where names are redacted."""
    for part, about in record.get("sets", {}).items():
        files = tuple((str(file), str(reason)) for file, reason in about.get("unreadable") or ())
        if files:
            yield Unread(part, len(files), () if names.redacted and part != "synthetic" else files)


def _patient_row(name: str, copies: Sequence[Pair], names: Names, *, exposed: bool) -> PatientRow:
    best = max((pair.score for pair in copies), default=float("nan"))
    n_images = len({pair.train_id for pair in copies})
    return PatientRow(names.patient(name), exposed, len(copies), n_images, value(best))
