"""What the page of one audit says, and where it is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64

from doppelscan.findings import Run, aligned_pairs, read_run
from doppelscan.imagesets import ImageSet
from doppelscan.report.derived_page import derived_said, made_from_real
from doppelscan.report.gallery import Match, gallery
from doppelscan.report.histogram import Histogram, Scores, histogram
from doppelscan.report.legend import flagged_from, legend, statistic_named
from doppelscan.report.names import Names
from doppelscan.report.pairs import Pair, best_pairs
from doppelscan.report.provenance import audited_sets, facts, who
from doppelscan.report.rates import control_rows, key_rates
from doppelscan.report.rendering import rendered
from doppelscan.report.sentences import limits, reservations, verdict
from doppelscan.report.sources import REDACTED, Without, pictures
from doppelscan.report.tables import identity_rows, patient_rows, unread
from doppelscan.store import write_text

__all__ = ["write_report"]

LONGEST_TABLE = 200  # rows; the rest is in the run's own tables


def write_report(
    folder: Path,
    *,
    train: ImageSet | None = None,
    synthetic: ImageSet | None = None,
    redact_training: bool = False,
    suspected: frozenset[str] = frozenset(),
    n_matches: int = 24,
) -> Path:
    """Write `report.html` beside the findings of the run in `folder`; the path of the page.

    Parameters
    ----------
    train, synthetic
        The sets that were audited, where they are not, or no longer, where the run's record says. A picture that
        cannot be had is replaced by the reason.
    redact_training
        Show no training image, no synthetic image that is flagged as a copy of one or was made from one, no
        difference, no map of agreement, and no identifier or path of real data. Identifiers of synthetic images stay,
        and those images that are neither.
    suspected
        Synthetic images that people did not call novel: where training images are redacted these are not shown either.
    n_matches
        How many of the most suspicious matches are shown.

    Raises
    ------
    InputError
        If there is no run in `folder`, or it is damaged.
    """
    run = read_run(folder)
    names = Names.of(run, redacted=redact_training)
    pairs = best_pairs(run.matches)
    drawn, real = pictures(run.record, "synthetic", synthetic), REDACTED
    if not redact_training:
        real = pictures(run.record, "train", train)
    else:
        drawn = Without(
            drawn, made_from_real(run), "Withheld: made from a real image, it may show a part of it."
        )
        drawn = Without(drawn, suspected, "Withheld: a reader did not call it novel.")
    shown = gallery(
        pairs[:n_matches], names, synthetic=drawn, train=real, aligned=aligned_pairs(run.alignments)
    )
    derived = derived_said(run, names, synthetic=drawn, train=real)
    write_text(
        folder / "report.html", rendered(_said(run, names, pairs) | _seen(shown) | {"derived": derived})
    )
    return folder / "report.html"


def _said(run: Run, names: Names, pairs: Sequence[Pair]) -> dict[str, Any]:
    findings = run.findings
    return {
        "findings": findings,
        "redacted": names.redacted,
        "verdict": verdict(findings),
        "reservations": tuple(reservations(findings)),
        "rates": key_rates(findings),
        "controls": control_rows(findings),
        "histograms": tuple(_histograms(run, pairs)),
        "legend": tuple(legend(findings)),
        "n_flagged": sum(pair.copied for pair in pairs),
        "patients": patient_rows(findings, pairs, names),
        "identity_errors": identity_rows(findings, names),
        "unread": tuple(unread(run.record, names)),
        "sets": tuple(audited_sets(run.record, names)),
        "facts": tuple(facts(run)),
        "who": who(run),
        "limits": tuple(limits(findings)),
        "started": str(run.record.get("started", "")),
        "most_rows": LONGEST_TABLE,
    }


def _seen(matches: tuple[Match, ...]) -> dict[str, Any]:
    """The matches, and what kinds of pictures there are to be explained."""
    return {
        "matches": matches,
        "kinds": {panel.caption for match in matches for panel in match.panels if panel.source},
    }


def _histograms(run: Run, pairs: Sequence[Pair]) -> Iterator[Histogram]:
    """Of the statistic, and of the best score where that is another number."""
    flagged = np.array([pair.copied for pair in pairs], dtype=bool)
    by_score, threshold = run.findings.statistic == "score", run.findings.threshold
    mark = flagged_from(run.findings)
    drawn = [("score", "Best score", threshold if by_score else None)]
    if not by_score:
        drawn.append(("statistic", statistic_named(run.findings.statistic), threshold))
    for column, axis, threshold in drawn:
        values = np.array([getattr(pair, column) for pair in pairs], dtype=np.float64)
        scores = Scores(values, flagged, _numbers(run.nulls[column]), threshold, mark)
        if figure := histogram(axis, scores):
            yield figure


def _numbers(column: pd.Series[Any]) -> Float64[np.ndarray, " n"]:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
