"""`doppelscan report`: the page of a run of any kind, written again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from doppelscan.cli.display import say
from doppelscan.cli.options import MovedSynthetic, RedactTraining

__all__ = ["report"]


def report(
    run: Annotated[
        Path,
        typer.Argument(help="The folder that audit, quality, utility, membership or study wrote to --out."),
    ],
    train: Annotated[
        str | None,
        typer.Option(help="Where the training set (quality, utility: the real one) is now, if it has moved."),
    ] = None,
    synthetic: MovedSynthetic = None,
    redact_training: RedactTraining = False,
    n_matches: Annotated[int, typer.Option(min=1, help="Matches shown in an audit's gallery.")] = 24,
) -> None:
    """Write the page of an audit, a measurement of quality or utility, an inference of membership or a study.

    It is one HTML file that needs nothing else. Pages of memberships and studies show no image and no patient.
    """
    say(f"Report: {_page(run, train, synthetic, redact_training=redact_training, n_matches=n_matches)}")


def _page(
    run: Path, train: str | None, synthetic: str | None, *, redact_training: bool, n_matches: int
) -> Path:
    from doppelscan.imagesets import open_images
    from doppelscan.report import write_membership_page, write_report, write_study_page
    from doppelscan.report.quality_page import write_quality_report
    from doppelscan.report.utility_page import write_utility_report
    from doppelscan.review.verdicts import not_called_novel

    if (run / "membership.json").exists():
        return write_membership_page(run)
    if (run / "study.json").exists():
        return write_study_page(run)
    real, drawn = (None if path is None else open_images(path) for path in (train, synthetic))
    if (run / "quality.json").exists():
        return write_quality_report(run, real=real, synthetic=drawn, redact_training=redact_training)
    if (run / "utility.json").exists():
        return write_utility_report(run, real=real, redact_training=redact_training)
    return write_report(
        run,
        train=real,
        synthetic=drawn,
        redact_training=redact_training,
        suspected=not_called_novel(run) if redact_training else frozenset(),
        n_matches=n_matches,
    )
