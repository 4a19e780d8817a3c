"""How is a run written in the place of an earlier one? A folder that says what was found is whole."""

from __future__ import annotations

from pathlib import Path

__all__ = ["cleared"]


def cleared(folder: Path, conclusion: str) -> None:
    """Make the folder ready: the file of the earlier conclusion, its report, and what a call left that was cut off go.

    The conclusion must be written last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for stale in (conclusion, "report.html", *(path.name for path in folder.glob(".*.draft"))):
        (folder / stale).unlink(missing_ok=True)
