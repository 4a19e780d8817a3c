"""`doppelscan report`: the page of an audit, written again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from doppelscan.cli.display import say

__all__ = ["report"]


def report(
    run: Annotated[Path, typer.Argument(help="The folder that `doppelscan audit --out` wrote.")],
    train: Annotated[str | None, typer.Option(help="Where the training set is now, if it has moved.")] = None,
    synthetic: Annotated[
        str | None, typer.Option(help="Where the synthetic set is now, if it has moved.")
    ] = None,
    redact_training: Annotated[
        bool, typer.Option(help="No training image or patient id in the report.")
    ] = False,
    n_matches: Annotated[int, typer.Option(min=1, help="Matches shown in the gallery.")] = 24,
) -> None:
    """Write the report of an audit: one HTML file that needs nothing else."""
    from doppelscan.imagesets import open_images
    from doppelscan.report import write_report

    moved = {name: open_images(path) for name, path in (("train", train), ("synthetic", synthetic)) if path}
    say(f"Report: {write_report(run, redact_training=redact_training, n_matches=n_matches, **moved)}")
