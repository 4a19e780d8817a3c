"""`doppelscan agreement`: how well a detector agrees with labelled pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import Channels, Json, Memory, Size, Workers, as_preparation, as_resources

if TYPE_CHECKING:
    from doppelscan.audit.agreement import Agreement, Detected
    from doppelscan.estimates import Estimate

__all__ = ["agreement"]

_NAMES = {
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "kappa": "kappa",
    "auc": "AUC",
    "sensitivity_at_1_percent": "sensitivity at 1% false alarms",
    "sensitivity_at_5_percent": "sensitivity at 5% false alarms",
}


def agreement(
    pairs: Annotated[Path, typer.Option(help="Table with columns first, second, label: copy or novel.")],
    threshold: Annotated[
        float | None, typer.Option(help="The score above which a pair is called a copy.")
    ] = None,
    size: Size = None,
    channels: Channels = None,
    memory: Memory = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Hold a detector against pairs that people labelled, or whose truth is known.

    The table may have columns score or verdict (copy or novel) of any detector; without either, the images
    are read and scored by the correlation of their pixels. With columns reader and patient, readers are told
    apart, and intervals are by patient.
    """
    from doppelscan.audit.agreement import agreement as agree

    with shown_progress() as progress:
        found = agree(
            pairs,
            threshold=threshold,
            preparation=as_preparation(size=size, channels=channels),
            resources=as_resources(memory, workers),
            progress=progress,
        )
    say(json.dumps(found.to_json(), ensure_ascii=False) if as_json else "\n".join(_lines(found)))


def _lines(found: Agreement) -> Iterator[str]:
    tied = f", {found.n_tied} on which readers are divided" if found.n_tied else ""
    yield f"{found.n_pairs} pairs: {_counts(found.overall)}{tied}; {_scored(found)}."
    yield from _rows(found.overall)
    for reader, one in found.by_reader.items():
        yield f"Against {reader} ({_counts(one)}):"
        yield from _rows(one)
    if found.between_readers is not None:
        yield f"Between readers: kappa {_decimal(found.between_readers)}"
    if found.n_undefined:
        yield f"Note: {found.n_undefined} pairs have no score, since an image is constant; they count as lowest."


def _counts(one: Detected) -> str:
    return f"{one.n_copies} copies, {one.n_novel} novel"


def _scored(found: Agreement) -> str:
    how = {"pearson": "scored by the correlation of pixels", "table": "scores from the table"}
    return how[found.scored_by] if found.scored_by else "verdicts from the table"


def _rows(one: Detected) -> Iterator[str]:
    for name, estimate in one.estimates.items():
        value = _decimal(estimate) if name in {"kappa", "auc"} else estimate.percent()
        yield f"  {_NAMES[name]:<32}{value}"


def _decimal(estimate: Estimate) -> str:
    if not estimate.known:
        return "unknown"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
