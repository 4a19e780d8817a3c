"""How do findings show themselves in a notebook? The verdict, key numbers with their intervals, what weakens them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from doppelscan.estimates import Estimate

if TYPE_CHECKING:
    from doppelscan.findings.findings import Findings

__all__ = ["shown"]

_NAMED = 5  # patients at the most


def shown(findings: Findings) -> str:
    """The findings as HTML; names of patients are escaped."""
    rows = "".join(_row(*row) for row in _numbers(findings))
    notes = "".join(f"<li>{escape(note)}</li>" for note in findings.notes)
    table = f"<table><tr><th></th><th>value (95% interval)</th><th>of</th></tr>{rows}</table>"
    return f"<p><b>{_verdict(findings)}</b></p>{table}" + (f"<ul>{notes}</ul>" if notes else "")


def _verdict(findings: Findings) -> str:
    flagged = round(findings.copied.value * findings.n_synthetic) if findings.copied.known else 0
    if not flagged:
        return f"No copies found among {findings.n_synthetic:,} synthetic images: worth as much as the power"
    does = "copy an image of a patient" if findings.calibration == "conformal" else "lie above the threshold"
    return f"{flagged:,} of {findings.n_synthetic:,} synthetic images {does}{_exposed(findings)}"


def _exposed(findings: Findings) -> str:
    named = ", ".join(map(escape, findings.exposed[:_NAMED]))
    more = len(findings.exposed) - _NAMED
    return f"; exposed: {named}" + (f" and {more} more" if more > 0 else "") if named else ""


def _numbers(findings: Findings) -> list[tuple[str, Estimate, str]]:
    return [
        ("copied", findings.copied, "synthetic images"),
        ("copies missed, at most", findings.copies_left, "synthetic images"),
        ("patients exposed", findings.patients_exposed, "patients"),
        ("power", findings.power.overall, "planted copies"),
        ("false alarms", findings.false_alarms.overall, "held-out images, changed alike"),
    ]


def _row(name: str, rate: Estimate, of: str) -> str:
    return f"<tr><th>{name}</th><td>{rate.percent()}</td><td>{rate.n:,} {of}</td></tr>"
