"""`doppelscan quality`: how real and how diverse synthetic images are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import (
    Channels,
    Device,
    Holdout,
    Json,
    Memory,
    PatientPattern,
    Seed,
    Size,
    Synthetic,
    Workers,
    as_preparation,
    as_resources,
)
from doppelscan.store import locked

if TYPE_CHECKING:
    from doppelscan.findings.quality import Measured, Quality, TwoSample

__all__ = ["quality"]


def quality(
    real: Annotated[str, typer.Option(help="The real images that the generator was trained on.")],
    synthetic: Synthetic,
    out: Annotated[Path, typer.Option(help="Folder for the numbers, the table and the report.")],
    holdout: Holdout = None,
    encoder: Annotated[
        str,
        typer.Option(
            help="contrastive, trained on real images; pixels; or a pretrained one's file or folder (.pth: Inception)."
        ),
    ] = "contrastive",
    effort: Annotated[
        Literal["quick", "standard", "thorough"],
        typer.Option(help="How long the contrastive encoder trains."),
    ] = "quick",
    draws: Annotated[int, typer.Option(help="Draws of halves behind the intervals.")] = 50,
    pairs: Annotated[int, typer.Option(help="Pairs of images whose structure is compared, at most.")] = 500,
    size: Size = None,
    channels: Channels = None,
    patient_pattern: PatientPattern = None,
    redact_training: Annotated[bool, typer.Option(help="No real image or patient id in the report.")] = False,
    seed: Seed = 0,
    memory: Memory = None,
    workers: Workers = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure fidelity and diversity, each beside what a perfect generator would get, and set-level memorization.

    None of these numbers shows that no patient is copied: several are best for copies. That is what `audit` is for.
    Run again after an interruption, vectors that were made before come from the cache.
    """
    from doppelscan.findings.quality import QUALITY_FILES
    from doppelscan.findings.run import check_folder
    from doppelscan.quality import QualitySettings, measured
    from doppelscan.report.quality_page import write_quality_report

    check_folder(out, QUALITY_FILES, "a measurement of quality")
    settings = QualitySettings(
        encoder=encoder,
        effort=effort,
        preparation=as_preparation(size=size, channels=channels),
        n_draws=draws,
        n_pairs=pairs,
        seed=seed,
    )
    with locked(out), shown_progress() as progress:
        done = measured(
            real=real,
            synthetic=synthetic,
            holdout=holdout,
            settings=settings,
            out=out,
            patient_pattern=patient_pattern,
            resources=as_resources(memory, workers, device),
            progress=progress,
        )
        page = write_quality_report(
            out, real=done.sets.real, synthetic=done.sets.synthetic, redact_training=redact_training
        )
    found = done.run.quality
    if as_json:
        say(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        say("\n".join([*_lines(found), f"Report: {page}"]))


def _lines(found: Quality) -> Iterator[str]:
    yield (
        f"{found.n_synthetic} synthetic images against {found.n_real} real ones of {found.n_real_patients} patients, "
        f"by {found.encoder} ({found.n_numbers} numbers each)."
    )
    yield ""
    yield _row("", "value", "95% interval", "at this size", "perfect: 95% within")
    yield from map(_measured, found.fidelity)
    yield ""
    yield "Scores of memorization for the whole set; none of them names a copy, and MiFID can reward copies."
    yield from map(_measured, found.memorization)
    yield from _tests(found.two_sample)
    yield ""
    yield from (f"Note: {note}" for note in found.notes)


def _measured(one: Measured) -> str:
    if one.absent:
        return f"  {one.name:<15}not measured. {one.absent}"
    value, perfect = one.value, one.perfect
    size = _number(one.at_size.value) if one.at_size.known else ""
    within = f"{_number(perfect.low)} to {_number(perfect.high)}" if perfect.known else ""
    return _row(
        one.name, _number(value.value), f"{_number(value.low)} to {_number(value.high)}", size, within
    )


def _tests(tests: tuple[TwoSample, ...]) -> Iterator[str]:
    if tests:
        yield ""
        yield "Nearest to a training image, of as many training as held-out ones (50% if neither was seen):"
    for test in tests:
        yield f"  {test.space:<15}{test.share.percent()}, p = {test.p_value:.2g}"


def _row(*cells: str) -> str:
    widths = (15, 11, 24, 14, 24)
    return "  " + "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _number(number: float) -> str:
    return f"{number:.4g}"
