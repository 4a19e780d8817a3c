"""The audit from beginning to end: read, match, conclude, write."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from doppelscan.audit.inputs import Sets, load
from doppelscan.audit.settings import AuditSettings
from doppelscan.errors import InputError, Problem
from doppelscan.findings import Findings, write_run
from doppelscan.imagesets.together import Opener, Source
from doppelscan.settings import Resources
from doppelscan.workers import Progress, meanwhile, processes_kept, silent
from doppelscan.workers.clock import Clock

__all__ = ["Audited", "audit", "audited"]


@dataclass(frozen=True, eq=False)
class Audited:
    """What an audit concludes, and the sets as it had them: their pixels are at hand."""

    findings: Findings
    sets: Sets


def audit(
    *,
    train: Source,
    synthetic: Source,
    holdout: Source | None = None,
    settings: AuditSettings | None = None,
    out: Path | None = None,
    patient_pattern: str | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Findings:
    """What the synthetic images give away of the training patients.

    Parameters
    ----------
    train, synthetic, holdout
        The images that the generator was trained on, those it made, and real images of patients that it
        never saw: ImageSets, or what `open_images` opens.
    out
        The folder that the run is written to (findings, tables, record); nothing is written if None.
    patient_pattern
        A regular expression that finds the patient in the id of a training or held-out image.

    Raises
    ------
    InputError
        For everything that is wrong with the sets or the settings, at once.
    """
    done = audited(
        train=train,
        synthetic=synthetic,
        holdout=holdout,
        settings=settings,
        out=out,
        patient_pattern=patient_pattern,
        resources=resources,
        progress=progress,
    )
    return done.findings


def audited(
    *,
    train: Source,
    synthetic: Source,
    holdout: Source | None = None,
    settings: AuditSettings | None = None,
    out: Path | None = None,
    patient_pattern: str | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Audited:
    """What `audit` does, with the sets, for a report that need not open them again.

    Raises
    ------
    InputError
        As `audit` does.
    """
    settings, resources = settings or AuditSettings(), resources or Resources()
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(Problem("is no folder", where=str(out), cure="name another"))
    clock = Clock(progress)
    with clock.stage("reading"), processes_kept(), meanwhile(_load_what_matches):
        opened = Opener(settings.preparation, patient_pattern, resources, clock.tell)
        sets = load(train, synthetic, holdout, settings=settings, opener=opened)
    return Audited(_findings(sets, settings, out, resources, clock), sets)


def _load_what_matches() -> None:
    """The modules behind `_findings`, among them torch: seconds, while other processes decode."""
    importlib.import_module("doppelscan.audit.records")


def _findings(
    sets: Sets, settings: AuditSettings, out: Path | None, resources: Resources, clock: Clock
) -> Findings:
    from doppelscan.audit.conclusions import conclude
    from doppelscan.audit.derived import lineage_problems
    from doppelscan.audit.evidence import gather
    from doppelscan.audit.records import as_run

    if problems := lineage_problems(sets):
        raise InputError(problems)
    with clock.stage("matching"):
        evidence = gather(sets, settings, resources=resources, progress=clock.tell)
    with clock.stage("concluding"):
        conclusion = conclude(evidence, settings)
    if out is not None:
        write_run(out, as_run(conclusion, evidence, settings, resources, clock))
    return conclusion.findings
