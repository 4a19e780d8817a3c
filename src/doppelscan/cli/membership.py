"""`doppelscan membership`: whether a model, or its samples, give away who was trained on."""

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
    from doppelscan.estimates import Estimate
    from doppelscan.findings.membership import Membership, Told

__all__ = ["membership"]


def membership(
    train: Annotated[str, typer.Option(help="The images that the model was trained on.")],
    holdout: Annotated[
        str, typer.Option(help="Real images of patients that it never saw, of the same source.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the numbers, the scores, the figure and the report.")],
    synthetic: Annotated[str | None, typer.Option(help="Images that it made: attacks from samples.")] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="A diffusion model that `doppelscan train` wrote: attacks from within."),
    ] = None,
    at: Annotated[
        int | None, typer.Option(help="The model's checkpoint after so many images. Default: the last.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="default or dar, trained on the synthetic images; or a pretrained one's file or folder."
        ),
    ] = None,
    effort: Annotated[
        Literal["quick", "standard", "thorough"], typer.Option(help="How long the encoder trains.")
    ] = "standard",
    patients: Annotated[int, typer.Option(help="At most so many patients of each set are attacked.")] = 2000,
    size: Size = None,
    channels: Channels = None,
    patient_pattern: PatientPattern = None,
    seed: Seed = 0,
    memory: Memory = None,
    workers: Workers = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Tell training patients from held-out ones, by a model's samples or from within a diffusion model.

    First the sets themselves are compared: where they differ without any model, the attacks are shown, nothing is
    concluded, and the exit code is 2. Run again after an interruption, it goes on where it stood.
    """
    from doppelscan.audit.membership import MembershipSettings
    from doppelscan.audit.membership import membership as infer
    from doppelscan.findings.membership import MEMBERSHIP_FILES
    from doppelscan.findings.run import check_folder
    from doppelscan.generators import Model
    from doppelscan.report import write_membership_page

    check_folder(out, MEMBERSHIP_FILES, "a membership inference")
    settings = MembershipSettings(
        encoder=encoder,
        effort=effort,
        n_patients=patients,
        preparation=as_preparation(size=size, channels=channels),
        seed=seed,
    )
    with locked(out), shown_progress() as progress:
        found = infer(
            train=train,
            holdout=holdout,
            synthetic=synthetic,
            model=None if model is None else Model.open(model, at=at, device=device),
            settings=settings,
            out=out,
            patient_pattern=patient_pattern,
            resources=as_resources(memory, workers, device),
            progress=progress,
        )
        page = write_membership_page(out)
    if as_json:
        say(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        say("\n".join([*_lines(found), f"Report: {page}"]))
    _refuse_to_conclude(found)


def _lines(found: Membership) -> Iterator[str]:
    from doppelscan.report import membership_sentence

    yield (
        f"{found.n_members} training images of {found.n_member_patients} patients against {found.n_others} held-out "
        f"images of {found.n_other_patients}; {found.n_reference_patients} further patients are the reference."
    )
    yield ""
    yield _row("AUC", "", ["by image", "by patient"], "")
    yield _row(
        "without model", "", ["", _decimal(found.difference.auc)], f"p = {found.difference.p_value:.2g}"
    )
    for attack in found.attacks:
        sides = [_decimal(told.auc) for told in (attack.by_image, attack.by_patient)]
        marked = "" if found.concludes else "explained by the sets"
        yield _row(attack.name, "*" if attack.name == found.primary else "", sides, marked)
    yield ""
    yield f"{found.primary} (*), members found: {_strict(found.decisive.by_image)} by image;"
    yield f"{_strict(found.decisive.by_patient)} by patient."
    yield membership_sentence(found)
    yield from (f"Note: {note}" for note in found.notes)


def _row(name: str, mark: str, cells: list[str], end: str) -> str:
    return f"  {name + mark:<18}{''.join(f'{cell:<26}' for cell in cells)}{end}".rstrip()


def _decimal(estimate: Estimate) -> str:
    from doppelscan.report.membership_page import decimals

    return decimals(estimate)


def _strict(told: Told) -> str:
    return (
        f"{told.found_at_1_percent.percent()} at 1% of false positives, "
        f"{told.found_at_0_1_percent.percent()} at 0.1%"
    )


def _refuse_to_conclude(found: Membership) -> None:
    """Raise InputError where the sets cannot answer the question."""
    if not found.concludes:
        cure = "hold more patients of the same source out at random, train anew, and ask again"
        page = "howto/membership.md#first-do-the-sets-differ-without-the-model"
        raise InputError(Problem(found.reason, where="--train and --holdout", cure=cure, page=page))
