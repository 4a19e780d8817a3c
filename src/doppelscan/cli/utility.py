"""`doppelscan utility`: what synthetic images are worth to a classifier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from doppelscan.cli.completing import refits
from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import (
    Channels,
    Device,
    Json,
    Memory,
    PatientPattern,
    Seed,
    Size,
    Workers,
    as_preparation,
    as_resources,
)
from doppelscan.errors import InputError, Problem
from doppelscan.store import locked

if TYPE_CHECKING:
    from doppelscan.findings.utility import Utility
    from doppelscan.settings import Resources
    from doppelscan.utility import Maker
    from doppelscan.workers import Progress

__all__ = ["utility"]


def utility(
    real: _Real,
    test: _Test,
    out: _Out,
    synthetic: _Synthetic = None,
    refit: _Refit = None,
    changes: _Changes = None,
    only_released: _OnlyReleased = None,
    real_per_class: _RealPerClass = "1,8,16,32,64,128,228,all",
    per_real: _PerReal = "1,2,5,10,25,50,75",
    seeds: _Seeds = 5,
    classifier: _Classifier = "probe",
    encoder: _Encoder = "random",
    effort: _Effort = "quick",
    weights: _Weights = None,
    steps: _Steps = 300,
    group: _Group = None,
    outcome: _Outcome = "balanced_accuracy",
    size: Size = None,
    channels: Channels = None,
    patient_pattern: PatientPattern = None,
    redact_training: _RedactTraining = False,
    seed: Seed = 0,
    memory: Memory = None,
    workers: Workers = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure what synthetic images add to few real ones, beside duplicates and augmentation of the same real images.

    With --refit the generator knows no real images but those that the classifier is granted; of images given with
    --synthetic that is not known, and the report says so. Run again after an interruption, it goes on where it stood.
    """
    from doppelscan.findings.run import check_folder
    from doppelscan.findings.utility import UTILITY_FILES
    from doppelscan.report.utility_page import write_utility_report
    from doppelscan.utility import UtilitySettings, measured

    check_folder(out, UTILITY_FILES, "a measurement of utility")
    settings = UtilitySettings(
        real_per_class=_numbers(real_per_class, "--real-per-class"),
        synthetic_per_real=_numbers(per_real, "--per-real"),
        n_seeds=seeds,
        classifier=classifier,
        encoder=encoder,
        effort=effort,
        weights=weights,
        steps=steps,
        groups=tuple(group or ()),
        outcome=outcome,
        preparation=as_preparation(size=size, channels=channels),
        seed=seed,
    )
    resources = as_resources(memory, workers, device)
    with locked(out), shown_progress() as progress:
        sets, models = _told_apart(synthetic or [], device)
        found = measured(
            real=real,
            test=test,
            synthetic=sets,
            makers=[*models, *_refitted(refit or [], changes or [], resources, progress)],
            only_released=only_released,
            settings=settings,
            out=out,
            patient_pattern=patient_pattern,
            resources=resources,
            progress=progress,
        ).run.utility
        page = write_utility_report(out, redact_training=redact_training)
    if as_json:
        say(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        say("\n".join([*_lines(found), f"Report: {page}"]))


_Real = Annotated[str, typer.Option(help="Labelled real images that classifiers are granted some of.")]
_Test = Annotated[str, typer.Option(help="Labelled real images of other patients, to test on.")]
_Out = Annotated[Path, typer.Option(help="Folder for the numbers, the tables and the report.")]
_Synthetic = Annotated[
    list[str] | None,
    typer.Option(help="Labelled synthetic images, or a model that draws them; repeatable: NAME=SET."),
]
_Refit = Annotated[
    list[str] | None,
    typer.Option(
        help="A family, or family:preset, trained anew on what each cell is granted; repeatable.",
        autocompletion=refits,
    ),
]
_Changes = Annotated[
    list[str] | None, typer.Option("--set", help="Change a setting of --refit: key=value; repeatable.")
]
_OnlyReleased = Annotated[
    Path | None, typer.Option(help="An audit's run: also without the images that it flagged.")
]
_RealPerClass = Annotated[str, typer.Option(help="Real images per class: 8,16,32,all.")]
_PerReal = Annotated[str, typer.Option(help="Synthetic images per real one.")]
_Seeds = Annotated[int, typer.Option(min=1, help="Repetitions of each cell.")]
_Classifier = Annotated[
    Literal["probe", "densenet", "resnet", "efficientnet", "efficientnetv2-m"],
    typer.Option(help="A linear probe on a frozen encoder, or a network that is trained whole."),
]
_Encoder = Annotated[
    str,
    typer.Option(
        help="Of the probe: random, pixels, contrastive, or the file or folder of a pretrained one."
    ),
]
_Effort = Annotated[
    Literal["quick", "standard", "thorough"],
    typer.Option(help="How long the contrastive encoder trains."),
]
_Weights = Annotated[str | None, typer.Option(help="A safetensors file that the network starts from.")]
_Steps = Annotated[int, typer.Option(min=1, help="Optimiser steps of a network, in every cell.")]
_Group = Annotated[
    list[str] | None, typer.Option(help="A column of the test set to tell outcomes apart by; repeatable.")
]
_Outcome = Annotated[str, typer.Option(help="What is compared: balanced_accuracy, accuracy, auroc, ...")]
_RedactTraining = Annotated[bool, typer.Option(help="No image, and no path of real ones, in the report.")]


def _numbers(text: str, option: str) -> tuple[int, ...]:
    """`8,16,all` as numbers, all as 0."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() or part == "all" for part in parts):
        raise InputError(
            Problem(f"{text!r}", where=option, cure="numbers between commas, such as 8,16,32,all")
        )
    return tuple(0 if part == "all" else int(part) for part in parts)


def _told_apart(synthetic: list[str], device: str) -> tuple[dict[str, str], list[Maker]]:
    """Sets of images by name, and models that draw them.

    Raises
    ------
    InputError
        If two sets have one name.
    """
    from doppelscan.utility import Drawn

    sets: dict[str, str] = {}
    models: list[Maker] = []
    for text in synthetic:
        name, named, place = text.partition("=")
        name, place = (name, place) if named and not Path(text).exists() else ("", text)
        if (Path(place) / "model.json").exists():
            drawn = Drawn.open(place, device)
            models.append(Drawn(drawn.model, name or drawn.name))
            continue
        name = name or ("synthetic" if len(synthetic) == 1 else Path(place).name)
        if name in sets:
            cure = f"name them, such as other={place}"
            raise InputError(Problem(f"two sets are named {name!r}", where="--synthetic", cure=cure))
        sets[name] = place
    return sets, models


def _refitted(
    families: list[str], changes: list[str], resources: Resources, progress: Progress
) -> Iterator[Maker]:
    if not families:
        return
    from doppelscan.generators.registry import preset_of
    from doppelscan.utility import Refitted

    for text in families:
        family, _, preset = text.partition(":")
        settings = preset_of(family, preset or "tiny", changes, where="--refit")
        yield Refitted(settings, resources, progress)


def _lines(found: Utility) -> Iterator[str]:
    on = f" on {found.encoder}" if found.encoder else ""
    yield (
        f"{found.classifier}{on}, {len(found.classes)} classes, {found.n_seeds} seeds; tested on {found.n_test} images "
        f"of {found.n_test_patients} patients. {found.outcome.replace('_', ' ')}:"
    )
    yield ""
    yield f"  {'arm':<24}{'real/class':>11}{'per real':>9}   value [95% interval]"
    for one in found.outcomes:
        if one.part == "joined":
            mine = one.measures[found.outcome]
            yield (
                f"  {one.arm:<24}{one.real_per_class:>11g}{one.per_real:>9}   "
                f"{mine.value:.3f} [{mine.low:.3f}, {mine.high:.3f}]"
            )
    yield ""
    for worth in found.worths:
        yield "  " + worth.sentence
    yield from (f"Declared: {line}" for line in found.declared)
    yield from (f"Note: {line}" for line in (*found.absent, *found.notes))
