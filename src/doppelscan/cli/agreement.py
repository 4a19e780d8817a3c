"""`doppelscan agreement`: how well a detector agrees with labelled pairs, or with those who reviewed its run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import Channels, Json, Memory, Size, Workers, as_preparation, as_resources
from doppelscan.errors import InputError, Problem
from doppelscan.settings import Resources

if TYPE_CHECKING:
    from doppelscan.audit.agreement import Agreement, Detected
    from doppelscan.estimates import Estimate
    from doppelscan.review.readers import Readers, Reference

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
    run: Annotated[Path | None, typer.Argument(help="The folder of an audit that people reviewed.")] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="Table with columns first, second, label: copy or novel.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the verdicts on RUN to this table, for --pairs.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="The score above which a pair is called a copy.")
    ] = None,
    size: Size = None,
    channels: Channels = None,
    memory: Memory = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Hold a detector against pairs that people labelled, or whose truth is known: those of a RUN or of a table.

    Of a RUN, the verdicts that people gave in `doppelscan review` are the reference, and readers are held
    against its controls. A table may have columns score or verdict (copy or novel) of any detector; without
    either, the images are read and scored by the correlation of their pixels. With columns reader and patient,
    readers are told apart, and intervals are by patient.
    """
    _refuse_both_or_neither(run, pairs, out, (threshold, size, channels, memory, workers))
    if run is not None:
        _of_run(run, out, as_json=as_json)
    elif pairs is not None:
        _of_table(pairs, threshold, (size, channels), as_resources(memory, workers), as_json=as_json)


def _refuse_both_or_neither(
    run: Path | None, pairs: Path | None, out: Path | None, for_pairs: tuple[object, ...]
) -> None:
    if (run is None) == (pairs is None):
        raise InputError(
            Problem("what is to be held against people?", cure="name a RUN, or a table with --pairs")
        )
    if run is None and out is not None:
        raise InputError(Problem("writes the verdicts on a RUN, and none is named", where="--out"))
    if run is not None and any(option is not None for option in for_pairs):
        where = "--threshold, --size, --channels, --memory, --workers"
        raise InputError(Problem("belong to --pairs: a RUN has its own verdicts", where, "leave them out"))


def _of_run(run: Path, out: Path | None, *, as_json: bool) -> None:
    from doppelscan.review import exported, readers_of
    from doppelscan.store import write_text

    found = readers_of(run)
    if out is not None:
        write_text(out, exported(run).to_csv(index=False))
    say(json.dumps(found.to_json(), ensure_ascii=False) if as_json else "\n".join(_read_lines(found)))


def _of_table(
    pairs: Path,
    threshold: float | None,
    shown: tuple[str | None, str | None],
    resources: Resources,
    *,
    as_json: bool,
) -> None:
    from doppelscan.audit.agreement import agreement as agree

    with shown_progress() as progress:
        found = agree(
            pairs,
            threshold=threshold,
            preparation=as_preparation(size=shown[0], channels=shown[1]),
            resources=resources,
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


def _read_lines(found: Readers) -> Iterator[str]:
    n = len(found.known)
    tied = f", {found.n_tied} of them undecided" if found.n_tied else ""
    yield f"{found.n_pairs} pairs read by {n} reader{'s' if n > 1 else ''}{tied}."
    yield f"The audit against {'most readers' if n > 1 else 'the reader'} ({_split(found.overall)}):"
    yield from _agreeing(found.overall)
    for reader, one in found.by_reader.items() if n > 1 else ():
        yield f"The audit against {reader} ({_split(one)}):"
        yield from _agreeing(one)
    for reader, known in found.known.items():
        yield f"{reader} on pairs whose truth is known:"
        yield f"  {'known copies found':<32}{_of(known.sensitivity)}"
        yield f"  {'held-out images called a copy':<32}{_of(known.false_alarms)}"
    yield from _between(found)
    if found.threshold is not None:
        new = found.threshold
        yield f"A threshold of {new.threshold:.4g} on the statistic would suit them best. On other patients:"
        yield f"  {'sensitivity':<32}{new.sensitivity.percent()}"
        yield f"  {'specificity':<32}{new.specificity.percent()}"
    yield "Note: all this is among the pairs that were read; copies that are less suspicious were seen by nobody."
    if any(known.sensitivity.n + known.false_alarms.n for known in found.known.values()):
        yield "Note: controls, the pairs whose truth is known, are not among the pairs read."
    if found.n_gone:
        yield f"Note: {found.n_gone} verdicts are on pairs that this run no longer has; they count nowhere."


def _between(found: Readers) -> Iterator[str]:
    for (first, second), kappa in found.cohen.items():
        yield f"Between {first} and {second}: kappa {_decimal(kappa)}"
    if found.fleiss is not None and found.fleiss_of_labels is not None:
        yield f"Between all readers: Fleiss' kappa {_decimal(found.fleiss)}"
        yield f"  {'on all four answers':<32}{_decimal(found.fleiss_of_labels)}"


def _agreeing(one: Reference) -> Iterator[str]:
    yield f"  {'sensitivity':<32}{one.sensitivity.percent()}"
    yield f"  {'specificity':<32}{one.specificity.percent()}"
    yield f"  {'kappa':<32}{_decimal(one.kappa)}"


def _of(rate: Estimate) -> str:
    """The rate with its counts: `25.0% (0.6% to 80.6%), 1 of 4`."""
    return f"{rate.percent()}, {round(rate.value * rate.n)} of {rate.n}" if rate.known else "none was read"


def _split(one: Reference) -> str:
    return f"{one.n_copies} copies, {one.n_others} others"


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
