"""What does the README of a release say? A datasheet and model card, filled in from what was found."""

from __future__ import annotations

from typing import Any

import jinja2

from doppelscan.findings import Findings
from doppelscan.release.record import Rate, Record
from doppelscan.report.numbers import counted, share
from doppelscan.report.sentences import limits, verdict_sentence

__all__ = ["datasheet"]

_FORMS = {
    "png": ("PNG of 8 bits", "`images/`: one PNG an image, 8 bits a channel."),
    "png16": ("PNG of 16 bits", "`images/`: one PNG an image, 16 bits a channel."),
    "nifti": ("NIfTI", "`images/`: one compressed NIfTI file an image."),
    "npz": (
        "npz in MedMNIST's layout",
        "`images.npz`: `train_images` and, if there are labels, `train_labels`, in the order of their names.",
    ),
}
_RATES = {
    "flagged as copies, and withheld": "copied",
    "copies that may have been missed": "copies_left",
    "training images copied": "memorized",
    "patients of whom there was a copy": "patients_exposed",
}
_WITHHELD = {
    "copied": "the audit flags them as copies",
    "readers": "a reader calls them a copy, or the same patient",
    "margin": "too near the audit's threshold",
    "unjudged": "constant images, which cannot be judged",
    "unaudited": "not among the audited images",
}


def datasheet(record: Record, findings: Findings, *, has_seed: bool, figures: tuple[str, ...]) -> str:
    """The README, as Markdown."""
    environment = jinja2.Environment(  # noqa: S701 - Markdown, and every word is the owner's or ours
        loader=jinja2.PackageLoader("doppelscan", "release"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    said = environment.get_template("README.md.j2").render(
        r=record,
        a=record.audit,
        form=_FORMS[record.form][0],
        files=_FORMS[record.form][1],
        shape=" x ".join(map(str, record.shape)),
        verdict=verdict_sentence(findings),
        limits=list(limits(findings)),
        rates=_rates(record),
        withheld=[(_WITHHELD[name], n) for name, n in record.selection.withheld if n],
        has_seed=has_seed,
        has_power="figures/power.png" in figures,
        prepared=", ".join(f"{name} {kept}" for name, kept in record.preparation.items()),
        counted=counted,
        percent=_percent,
        percent_of=share,
        number=_number,
        cell=_cell,
    )
    return said.rstrip() + "\n"


def _rates(record: Record) -> list[tuple[str, Rate]]:
    audit = record.audit
    rates = [(name, getattr(audit, field)) for name, field in _RATES.items()]
    return [
        *rates,
        ("planted copies that the audit finds (power)", audit.power.overall),
        ("novel images that it would flag (false alarms)", audit.false_alarms.overall),
    ]


def _percent(rate: Rate) -> str:
    if rate.value is None or rate.low is None or rate.high is None:
        return "unknown"
    return f"{share(rate.value)} ({share(rate.low)} to {share(rate.high)})"


def _number(rate: Rate) -> str:
    if rate.value is None:
        return "unknown"
    ends = [f"{end:.4g}" for end in (rate.low, rate.high) if end is not None]
    return f"{rate.value:.4g}" + (f" ({' to '.join(ends)})" if len(ends) == 2 else "")


def _cell(text: Any) -> str:
    """Text that stays in its cell of a table."""
    return " ".join(str(text).split()).replace("|", r"\|")
