"""`doppelscan check`: whether a release is what it says."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import Json, Memory, PatientPattern, Workers, as_resources
from doppelscan.errors import GateFailed

if TYPE_CHECKING:
    from doppelscan.release import Checked

__all__ = ["check"]


def check(
    release: Annotated[Path, typer.Argument(help="The folder that `doppelscan release --out` wrote.")],
    train: Annotated[
        str | None, typer.Option(help="The training images: nothing of them may be in the release.")
    ] = None,
    patient_pattern: PatientPattern = None,
    memory: Memory = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Verify a release: its sums, its record, its images, its Croissant, and that no identifier is in it.

    Anyone can, with the folder alone. Those who have the training images can search every byte for their names and
    hashes, and every figure for their pixels. Exit 1 if anything is wrong; all of it is listed.
    """
    from doppelscan.release import check as checked

    with shown_progress() as progress:
        found = checked(
            release,
            train=train,
            patient_pattern=patient_pattern,
            resources=as_resources(memory, workers),
            progress=progress,
        )
    if as_json:
        say(json.dumps(asdict(found), ensure_ascii=False))
    elif found.passed:
        say(_all_clear(found))
    if not found.passed:
        raise GateFailed("\n".join(map(str, found.faults)), page="howto/release.md#anyone-can-check")


def _all_clear(found: Checked) -> str:
    told = f"{found.n_images:,} images in {found.n_files:,} files: sums, record, images and Croissant are as they "
    told += "should be; no identifier was found."
    if not found.by_mlcroissant:
        told += " (mlcroissant is not installed: Croissant was checked by our own rules only.)"
    if found.for_leaks:
        return told + " Nothing of the training images is in it."
    return told + " Give --train, if you have the training images, to search for them."
