"""What the page of one measurement of quality says, and where it is written."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from doppelscan.estimates import Estimate
from doppelscan.findings.quality import Measured, Quality, QualityRun, read_quality
from doppelscan.imagesets import ImageSet
from doppelscan.report.gallery import Panel, looked_up, panel
from doppelscan.report.names import Names
from doppelscan.report.numbers import between, share, value
from doppelscan.report.provenance import audited_sets, grouped
from doppelscan.report.quality_words import WORDS, Words, summary
from doppelscan.report.rendering import rendered
from doppelscan.report.sources import Absent, Pictures, pictures
from doppelscan.report.tables import unread
from doppelscan.store import write_text

__all__ = ["Row", "Sample", "write_quality_report"]

N_SAMPLES = 8  # at either end
_SHARES = frozenset({"precision", "recall", "coverage", "nearer", "authenticity"})
_WITHHELD = "Withheld: real images are redacted, and nobody has judged whether this one is a copy."


@dataclass(frozen=True)
class Drawn:
    """Where estimates lie on one axis, in percent of its length: `low`, `value`, `high` inside `least` to `most`."""

    least: float
    most: float
    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Row:
    """One number of the table: in words, in digits, and where it lies beside what a perfect generator would get."""

    name: str
    words: Words
    value: str
    between: str
    at_size: str
    perfect: str
    n: int
    drawn: Drawn | None
    state: str
    absent: str


@dataclass(frozen=True)
class Sample:
    """A synthetic image and the real one whose vector is nearest."""

    end: str
    facts: tuple[tuple[str, str], ...]
    who: tuple[tuple[str, str], ...]
    panels: tuple[Panel, ...]


def write_quality_report(
    folder: Path,
    *,
    real: ImageSet | None = None,
    synthetic: ImageSet | None = None,
    redact_training: bool = False,
) -> Path:
    """Write `report.html` beside the numbers of the run in `folder`; the path of the page.

    Parameters
    ----------
    real, synthetic
        The sets that were measured, where they are not, or no longer, where the run's record says.
    redact_training
        Show no image at all, and no identifier or path of real data: whether a synthetic image is a copy, nobody has
        judged here.

    Raises
    ------
    InputError
        If there is no run in `folder`, or it is damaged.
    """
    run = read_quality(folder)
    names = Names(redacted=redact_training)
    sources: tuple[Pictures, Pictures] = Absent(_WITHHELD), Absent(_WITHHELD)
    if not redact_training:
        sources = pictures(run.record, "synthetic", synthetic), pictures(run.record, "real", real)
    write_text(folder / "report.html", rendered(_said(run, names, sources), "quality"))
    return folder / "report.html"


def _said(run: QualityRun, names: Names, sources: tuple[Pictures, Pictures]) -> dict[str, Any]:
    found = run.quality
    return {
        "quality": found,
        "summary": tuple(summary(found)),
        "fidelity": tuple(map(_row, found.fidelity)),
        "memorization": tuple(map(_row, found.memorization)),
        "tests": tuple(_tests(found)),
        "samples": tuple(_samples(run.samples, names, sources)),
        "redacted": names.redacted,
        "unread": tuple(unread(run.record, names)),
        "sets": tuple(audited_sets(run.record, names)),
        "facts": tuple(grouped(run.record)),
        "started": str(run.record.get("started", "")),
    }


def _row(one: Measured) -> Row:
    def written(number: float) -> str:
        if one.name in _SHARES:
            return share(number)
        return value(number)

    known = one.perfect.known
    return Row(
        name=one.name,
        words=WORDS[one.name],
        value=written(one.value.value),
        between=_limits(one.value, written),
        at_size=written(one.at_size.value) if one.at_size.known else "",
        perfect=_limits(one.perfect, written) if known else "",
        n=one.at_size.n if known else one.value.n,
        drawn=_drawn(one),
        state=_state(one),
        absent=one.absent,
    )


def _limits(estimate: Estimate, written: Any) -> str:
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return "not known"
    return f"{written(estimate.low)} to {written(estimate.high)}"


def _state(one: Measured) -> str:
    if not (one.at_size.known and one.perfect.known):
        return ""
    return "inside" if one.perfect.low <= one.at_size.value <= one.perfect.high else "outside"


def _drawn(one: Measured) -> Drawn | None:
    """The axis goes a little beyond both; there is none where a limit is not known."""
    ends = [one.at_size.low, one.at_size.high, one.perfect.low, one.perfect.high]
    if not (one.at_size.known and one.perfect.known and all(map(math.isfinite, ends))):
        return None
    low, high = min(ends), max(ends)
    reach = (high - low) or 1.0
    low, high = low - 0.08 * reach, high + 0.08 * reach
    at = [
        round(100 * (end - low) / (high - low), 2)
        for end in (one.perfect.low, one.perfect.high, one.at_size.low, one.at_size.value, one.at_size.high)
    ]
    return Drawn(*at)


def _tests(found: Quality) -> Iterator[dict[str, str]]:
    for test in found.two_sample:
        yield {
            "space": test.space,
            "share": share(test.share.value),
            "between": between(test.share),
            "p": f"{test.p_value:.2g}",
            "opposite": f"{test.p_opposite:.2g}",
            "sides": f"{test.p_sides:.2g}",
        }


def _samples(samples: pd.DataFrame, names: Names, sources: tuple[Pictures, Pictures]) -> Iterator[Sample]:
    """Both ends of the synthetic images in the order of realism, those without left out."""
    ordered = samples[samples["realism"].notna()].sort_values("realism", kind="stable")
    n = min(N_SAMPLES, len(ordered) // 2)
    for end, rows in (("least realistic", ordered.head(n)), ("most realistic", ordered.tail(n)[::-1])):
        for row in rows.itertuples():
            yield _sample(end, row, names, sources)


def _sample(end: str, row: Any, names: Names, sources: tuple[Pictures, Pictures]) -> Sample:
    nearest = names.image(row.nearest_id)
    synthetic, real = sources
    panels = (
        panel("synthetic", f"Synthetic image {row.synthetic_id}", looked_up(row.synthetic_id, synthetic)),
        panel("nearest real", f"The real image nearest to it, {nearest}", looked_up(row.nearest_id, real)),
    )
    patient = None if pd.isna(row.nearest_patient) else row.nearest_patient
    return Sample(
        end,
        (("realism", value(row.realism)), ("density", value(row.density)), ("distance", value(row.distance))),
        (("synthetic", row.synthetic_id), ("nearest", nearest), ("patient", names.patient(patient))),
        panels,
    )
