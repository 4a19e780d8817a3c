"""`doppelscan power`: what an audit of these images would find of copies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import (
    Channels,
    Device,
    Encoder,
    Json,
    Memory,
    PatientPattern,
    Seed,
    Size,
    Workers,
    as_preparation,
    as_resources,
)
from doppelscan.store import locked

if TYPE_CHECKING:
    from doppelscan.estimates import Estimate
    from doppelscan.findings.power import Detection, Power

__all__ = ["power"]

_WIDTHS = (8, 8, 10)  # of AUC, named and outlined


def power(
    train: Annotated[str, typer.Option(help="Images of which copies are planted.")],
    out: Annotated[Path, typer.Option(help="Folder for the numbers, the table and the figure.")],
    holdout: Annotated[
        str | None, typer.Option(help="Real images of other patients. Default: half of the patients.")
    ] = None,
    method: Annotated[
        list[str],
        typer.Option(help="pearson, contrastive or registered; may be given several times."),
    ] = ["pearson"],  # noqa: B006 - typer reads it
    transforms: Annotated[
        list[str],
        typer.Option(help="standard, hard, parts, or names such as rotation; may be given several times."),
    ] = ["standard"],  # noqa: B006
    strength: Annotated[
        list[float],
        typer.Option(help="A fraction of the listed strength; may be given several times."),
    ] = [0.5, 1.0, 1.5, 2.0],  # noqa: B006
    patients: Annotated[
        int | None, typer.Option(help="Patients whose images are planted. Default: 100; 40 with registered.")
    ] = None,
    encoder: Encoder = "default",
    effort: Annotated[
        Literal["quick", "standard", "thorough"],
        typer.Option(help="How long the encoder trains."),
    ] = "standard",
    size: Size = None,
    channels: Channels = None,
    patient_pattern: PatientPattern = None,
    seed: Seed = 0,
    memory: Memory = None,
    workers: Workers = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure what an audit of these images would find: copies are planted under every transform at several strengths.

    They are told apart from images of other patients that are changed alike. Run again after an interruption,
    it goes on where it stood.
    """
    from doppelscan.audit import PowerSettings
    from doppelscan.audit import power as measure
    from doppelscan.findings.power import POWER_FILES
    from doppelscan.findings.run import check_folder
    from doppelscan.report import write_power_figure

    check_folder(out, POWER_FILES, "a measurement of power")
    settings = PowerSettings(
        methods=tuple(method),
        transforms=tuple(transforms),
        strengths=tuple(sorted(strength)),
        encoder=encoder,
        effort=effort,
        preparation=as_preparation(size=size, channels=channels),
        n_patients=patients,
        seed=seed,
    )
    with locked(out), shown_progress() as progress:
        found = measure(
            train=train,
            holdout=holdout,
            settings=settings,
            out=out,
            patient_pattern=patient_pattern,
            resources=as_resources(memory, workers, device),
            progress=progress,
        )
        figure = write_power_figure(out)
    if as_json:
        say(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        say("\n".join([*_lines(found), f"Figure: {figure}"]))


def _lines(found: Power) -> Iterator[str]:
    yield (
        f"{found.n_train} training images of {found.n_train_patients} patients, {found.n_planted} of them copied; "
        f"{found.n_holdout} held-out images of {found.n_holdout_patients} patients, {found.n_unseen} changed alike."
    )
    for method, listed in dict.fromkeys((one.method, one.list) for one in found.detections):
        yield ""
        yield from _table(
            method, listed, [one for one in found.detections if (one.method, one.list) == (method, listed)]
        )
    yield ""
    yield from (f"Note: {note}" for note in found.notes)


def _table(method: str, listed: str, detections: Sequence[Detection]) -> Iterator[str]:
    """A line for each transform; one without degrees stands in the column nearest to the listed strength."""
    columns = sorted({one.fraction for one in detections if one.fraction is not None}) or [1.0]
    middle = min(columns, key=lambda fraction: abs(fraction - 1))
    partial = any(one.outlined.known for one in detections)
    cells = {(one.transform, one.fraction or middle): one for one in detections}
    yield f"{method}, {listed}: share of copies found at 1% of false alarms, by strength (1 is the listed one)"
    yield _row("", [f"{fraction:g}" for fraction in columns], ["AUC", "named", "outlined"][: 2 + partial])
    for name in dict.fromkeys(one.transform for one in detections):
        found = [cells.get((name, at)) for at in columns]
        at_middle = cells[name, middle]
        yield _row(
            name,
            ["" if one is None else _decimal(one.sensitivity_at_1_percent) for one in found],
            [
                _decimal(at_middle.auc, 3),
                *map(_decimal, (at_middle.named, at_middle.outlined)[: 1 + partial]),
            ],
        )
    whole = cells.get(("all", middle))
    if whole is not None:
        further = "AUC, named and outlined" if partial else "AUC and named"
        yield f"  all at {middle:g}: {whole.sensitivity_at_1_percent.percent()} found; {further} are at {middle:g}."


def _row(name: str, found: Sequence[str], further: Sequence[str]) -> str:
    return (
        "  "
        + name.ljust(16)
        + "".join(cell.rjust(7) for cell in found)
        + "   "
        + "".join(cell.rjust(width) for cell, width in zip(further, _WIDTHS, strict=False))
    )


def _decimal(estimate: Estimate, digits: int = 2) -> str:
    return f"{estimate.value:.{digits}f}" if estimate.known else "-"
