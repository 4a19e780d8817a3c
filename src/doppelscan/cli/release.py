"""`doppelscan release`: the synthetic images that may be published, and what is to be said of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import (
    Json,
    Memory,
    MovedHoldout,
    MovedSynthetic,
    MovedTrain,
    Workers,
    as_resources,
)
from doppelscan.errors import InputError, Problem

if TYPE_CHECKING:
    from doppelscan.release import Released

__all__ = ["release"]


def release(
    audit: _Audit,
    out: _Out,
    form: _Form = "png",
    quality: _Quality = None,
    utility: _Utility = None,
    membership: _Membership = None,
    title: _Title = "Synthetic medical images",
    creator: _Creator = None,
    generator: _Generator = None,
    licence: _Licence = None,
    training_licence: _TrainingLicence = None,
    published: _Published = None,
    group: _Group = None,
    max_copied: _MaxCopied = 0.05,
    max_exposed: _MaxExposed = 0,
    min_power: _MinPower = 0.5,
    review_top: _ReviewTop = 20,
    margin: _Margin = None,
    allow: _Allow = None,
    train: MovedTrain = None,
    synthetic: MovedSynthetic = None,
    holdout: MovedHoldout = None,
    patient_pattern: _PatientPattern = None,
    memory: Memory = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Write the images of an audit that may be published, with a datasheet, or say every reason why not.

    Withheld are images that the audit flags or that a reader calls a copy or the same patient. Nothing is written
    unless all limits are met; what is let pass is printed in the datasheet. Before the folder gets its name, every
    byte of it is searched for the training set.
    """
    from doppelscan.release import About, Limits, ReleaseSettings
    from doppelscan.release import release as released

    settings = ReleaseSettings(
        form=form,
        about=About(
            title=title,
            creators=tuple(creator or ()),
            licence=licence,
            training_licence=training_licence,
            generator=generator,
            published=published,
        ),
        limits=Limits(
            max_copied=max_copied, max_exposed=max_exposed, min_power=min_power, review_top=review_top
        ),
        groups=tuple(group or ()),
        margin=margin,
        allow=_allowed(allow or []),
    )
    with shown_progress() as progress:
        done = released(
            audit,
            out,
            settings=settings,
            quality=quality,
            utility=utility,
            membership=membership,
            train=train,
            synthetic=synthetic,
            holdout=holdout,
            patient_pattern=patient_pattern,
            resources=as_resources(memory, workers),
            progress=progress,
        )
    say(json.dumps(done.record.to_json(), ensure_ascii=False) if as_json else _summary(done))


_Audit = Annotated[Path, typer.Option(help="The folder that `doppelscan audit --out` wrote.")]
_Out = Annotated[Path, typer.Option(help="Folder to be made for the release.")]
_Form = Annotated[
    Literal["png", "png16", "nifti", "npz"],
    typer.Option("--format", help="PNG of 8 or 16 bits, NIfTI, or one npz in MedMNIST's layout."),
]
_Quality = Annotated[Path | None, typer.Option(help="A folder of `doppelscan quality`, for the datasheet.")]
_Utility = Annotated[Path | None, typer.Option(help="A folder of `doppelscan utility`, for the datasheet.")]
_Membership = Annotated[
    Path | None, typer.Option(help="A folder of `doppelscan membership`, for the datasheet.")
]
_Title = Annotated[str, typer.Option(help="What it is called.")]
_Creator = Annotated[list[str] | None, typer.Option(help="Who made it.")]
_Generator = Annotated[str | None, typer.Option(help="What drew the images, in words.")]
_Licence = Annotated[
    str | None, typer.Option("--license", help="Under which licence the images may be used.")
]
_TrainingLicence = Annotated[
    str | None,
    typer.Option("--training-license", help="Licence or ground on which the training images were used."),
]
_Published = Annotated[str | None, typer.Option(help="The day, as 2026-11-21. Default: today.")]
_Group = Annotated[
    list[str] | None, typer.Option(help="A column of the synthetic set to publish beside the label.")
]
_MaxCopied = Annotated[float, typer.Option(help="Limit of the upper end of `copied`.")]
_MaxExposed = Annotated[int, typer.Option(help="So many patients may be exposed by withheld images.")]
_MinPower = Annotated[float, typer.Option(help="Limit of the lower end of `power`.")]
_ReviewTop = Annotated[
    int, typer.Option(help="So many of the most suspicious released images must have been reviewed.")
]
_Margin = Annotated[float | None, typer.Option(help="Withhold what comes so near the audit's threshold.")]
_Allow = Annotated[
    list[str] | None, typer.Option(help="REASON=WHY: let a reason pass; the why is published.")
]
_PatientPattern = Annotated[
    str | None, typer.Option(help="The audit's expression that finds the patient in an id.")
]


def _allowed(options: list[str]) -> dict[str, str]:
    """The whys by reason.

    Raises
    ------
    InputError
        For every option that is not of the form REASON=WHY.
    """
    parts = [option.partition("=") for option in options]
    if wrong := [name for name, equals, _ in parts if not equals]:
        cure = "write --allow power='only exact copies matter here'"
        raise InputError([Problem(f"{name!r} says no why", where="--allow", cure=cure) for name in wrong])
    return {name.strip(): why.strip() for name, _, why in parts}


def _summary(done: Released) -> str:
    selection = done.record.selection
    held_back = [f"{n:,} {name}" for name, n in selection.withheld if n]
    lines = [
        f"{selection.n_released:,} of {selection.n_synthetic:,} images are released"
        + (f"; withheld: {', '.join(held_back)}." if held_back else "."),
        *(f"Let pass: {one.reason}, since {one.why}" for one in done.record.overridden),
        f"Release: {done.folder}",
    ]
    return "\n".join(lines)
