"""What was done, from the run's record: sets, settings, versions, times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from doppelscan.findings import Findings, Run
from doppelscan.images.preparation import Preparation
from doppelscan.report.legend import flagged_from
from doppelscan.report.names import Names
from doppelscan.report.numbers import counted, p_value, value

__all__ = ["AuditedSet", "Facts", "audited_sets", "facts", "grouped", "who"]

NOT_RECORDED = "not recorded"
TIMES = " \N{MULTIPLICATION SIGN} "


@dataclass(frozen=True)
class AuditedSet:
    """One set as it was audited."""

    part: str
    n: str
    form: str
    path: str
    fingerprint: str
    preparation: str


@dataclass(frozen=True)
class Facts:
    """A titled group of names and values."""

    title: str
    rows: tuple[tuple[str, str], ...]


def audited_sets(record: Mapping[str, Any], names: Names) -> Iterator[AuditedSet]:
    """The sets of the audit; where real sets lie is withheld where names are redacted."""
    for part, about in record.get("sets", {}).items():
        hidden = names.redacted and part != "synthetic"
        yield AuditedSet(
            part,
            _plain(about.get("n", NOT_RECORDED)),
            TIMES.join(map(str, about.get("shape") or ())) + f" {about.get('dtype', '')}",
            "withheld" if hidden else _plain(about.get("path", NOT_RECORDED)),
            _plain(about.get("fingerprint", NOT_RECORDED)),
            _prepared(about.get("preparation") or {}),
        )


def who(run: Run) -> str:
    """How many patients there are on each side, and what named them, as far as the record knows."""
    sets = run.record.get("sets", {})
    real = [sets[part] for part in ("train", "holdout") if part in sets]
    told = counted(run.findings.n_patients, "training patient")
    if n := sets.get("holdout", {}).get("n_patients"):
        told += f" and {counted(n, 'held-out patient')}"
    if by := dict.fromkeys(one for about in real for one in about.get("patients_from") or ()):
        told += f", named by {' and '.join(by)}"
    return told if run.findings.patients_known else f"{told}; an image without a patient counts as one"


def facts(run: Run) -> Iterator[Facts]:
    """How the audit judged, with what settings, which versions, and how long it took."""
    yield Facts("How it judged", tuple(_judged(run.findings).items()))
    yield from grouped(run.record)


def grouped(record: Mapping[str, Any]) -> Iterator[Facts]:
    """Settings, versions and times of any record."""
    settings = {name: kept for name, kept in record.get("settings", {}).items() if name != "preparation"}
    yield _group("Settings", settings | ({"seed": record["seed"]} if "seed" in record else {}))
    yield _group("Versions", record.get("versions", {}))
    seconds = {f"{stage} (s)": kept for stage, kept in record.get("seconds", {}).items()}
    yield _group("Times", {"started": record.get("started", NOT_RECORDED)} | seconds)


def _judged(findings: Findings) -> dict[str, str]:
    return {
        "statistic": findings.statistic,
        flagged_from(findings): "none: nothing is flagged"
        if findings.threshold is None
        else value(findings.threshold),
        "patients in the null": f"{findings.n_null_patients:,}",
        "least p-value by rank": p_value(findings.p_floor),
        "training patients": f"{findings.n_patients:,}"
        + ("" if findings.patients_known else " (some unknown)"),
        "held-out images": f"{findings.n_holdout:,}",
    }


def _group(title: str, content: Mapping[str, Any]) -> Facts:
    return Facts(title, tuple((name.replace("_", " "), _plain(kept)) for name, kept in content.items()))


def _prepared(preparation: Mapping[str, Any]) -> str:
    usual = Preparation().to_json()
    changed = {name: kept for name, kept in preparation.items() if usual.get(name) != kept}
    return (
        ", ".join(f"{name.replace('_', ' ')} {_plain(kept)}" for name, kept in changed.items()) or "as stored"
    )


def _plain(content: Any) -> str:
    if content in (None, "", [], {}):
        return "none"
    if isinstance(content, list | tuple):
        return TIMES.join(map(str, content))
    return f"{content:,}" if isinstance(content, int) and not isinstance(content, bool) else str(content)
