"""`doppelscan audit`: which synthetic images copy a patient."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from doppelscan.cli.display import say, shown_progress
from doppelscan.cli.options import (
    Channels,
    Device,
    Encoder,
    Holdout,
    Json,
    Memory,
    PatientPattern,
    Ray,
    RedactTraining,
    Seed,
    Size,
    Synthetic,
    Workers,
    as_preparation,
    resources_on,
)
from doppelscan.cli.readers import readers_of
from doppelscan.errors import GateFailed
from doppelscan.store import shown

if TYPE_CHECKING:
    from doppelscan.findings import Findings

__all__ = ["audit"]


def audit(
    train: Annotated[str, typer.Option(help="The images that the generator was trained on.")],
    synthetic: Synthetic,
    out: Annotated[Path, typer.Option(help="Folder for the findings, tables and report.")],
    holdout: Holdout = None,
    method: Annotated[
        Literal["registered", "pearson", "contrastive"] | None,
        typer.Option(
            help="All kinds of evidence, pixels, or an encoder's vectors. "
            "Default: registered; pearson with --calibration dar or fixed, thresholds on correlation."
        ),
    ] = None,
    encoder: Encoder = "default",
    effort: Annotated[
        Literal["quick", "standard", "thorough"],
        typer.Option(
            help="How long to train, how much to plant; thorough also compares the finest detail of flat images."
        ),
    ] = "standard",
    calibration: Annotated[
        Literal["conformal", "dar", "fixed"], typer.Option(help="What decides; dar is paper B's.")
    ] = "conformal",
    threshold: Annotated[
        float | None, typer.Option(help="With --calibration fixed: the score of a copy.")
    ] = None,
    fdr: Annotated[float, typer.Option(help="Share of false ones allowed among the flagged.")] = 0.05,
    fail_above: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit 1 if the upper limit of `copied` is above.")
    ] = None,
    size: Size = None,
    channels: Channels = None,
    patient_pattern: PatientPattern = None,
    redact_training: RedactTraining = False,
    seed: Seed = 0,
    memory: Memory = None,
    workers: Workers = None,
    ray: Ray = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Find the synthetic images that copy a patient, with a null, intervals and the audit's own power.

    A set is a folder of PNG, JPEG, TIFF, DICOM or NIfTI (sub-folders are labels; an images.csv in it is its
    table), a table naming files, set.npz:train, an .npy, or a folder that `doppelscan prepare` wrote.
    """
    with (
        resources_on(ray, memory, workers, device) as resources,
        readers_of((train, synthetic, holdout), resources),
    ):
        from doppelscan.audit import AuditSettings, audited
        from doppelscan.findings.run import check_folder
        from doppelscan.report import write_report
        from doppelscan.review.verdicts import not_called_novel
        from doppelscan.store import staged

        settings = AuditSettings(
            method=method or ("registered" if calibration == "conformal" else "pearson"),
            encoder=encoder,
            effort=effort,
            calibration=calibration,
            threshold=threshold,
            fdr=fdr,
            preparation=as_preparation(size=size, channels=channels),
            seed=seed,
        )
        with shown_progress() as progress, staged(out, last=("findings.json",), again=True) as folder:
            check_folder(folder)
            done = audited(
                train=train,
                synthetic=synthetic,
                holdout=holdout,
                settings=settings,
                out=folder,
                patient_pattern=patient_pattern,
                resources=resources,
                progress=progress,
            )
            page = write_report(
                folder,
                train=done.sets.train,
                synthetic=done.sets.synthetic,
                redact_training=redact_training,
                suspected=not_called_novel(folder) if redact_training else frozenset(),
            )
    findings = done.findings
    where = shown(out / page.name)
    say(json.dumps(findings.to_json(), ensure_ascii=False) if as_json else summary(findings, where))
    if fail_above is not None:
        _gate(findings, fail_above)


def summary(findings: Findings, page: Path | str) -> str:
    """The findings in a few lines, ending with where the report is."""
    from doppelscan.report import verdict_sentence

    return "\n".join(
        [verdict_sentence(findings), *(f"Note: {note}" for note in findings.notes), f"Report: {page}"]
    )


def _gate(findings: Findings, limit: float) -> None:
    """Raise GateFailed unless the upper limit of the copied share is within `limit`."""
    from doppelscan.findings.limits import copied_above

    if told := copied_above(findings, limit):
        raise GateFailed(told, page="howto/ci-gate.md")
