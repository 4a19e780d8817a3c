"""The measurement of quality from beginning to end: read, encode, compare, write."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict

import pandas as pd

from doppelscan.errors import InputError, Problem
from doppelscan.findings.provenance import described, versions
from doppelscan.findings.quality import Quality, QualityRun, write_quality
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.together import Opener, Source
from doppelscan.quality.comparing import Drawing
from doppelscan.quality.copying import authentic
from doppelscan.quality.distances import nearest_of
from doppelscan.quality.eyes import Window, eye_for, window_of
from doppelscan.quality.inputs import Sets, load
from doppelscan.quality.looking import apart, seen_by
from doppelscan.quality.manifold import manifold
from doppelscan.quality.measures import Seen, fidelity, memorization
from doppelscan.quality.notes import notes
from doppelscan.quality.pairs import structure
from doppelscan.quality.settings import QualitySettings
from doppelscan.quality.testing import two_sample_tests
from doppelscan.search.vectors import Encoder
from doppelscan.settings import Resources
from doppelscan.workers import Progress, processes_kept, silent
from doppelscan.workers.clock import Clock

__all__ = ["Done", "measured", "quality"]


@dataclass(frozen=True, eq=False)
class Done:
    """What was measured, and the sets as they were: their pixels are at hand."""

    run: QualityRun
    sets: Sets


class _How(TypedDict):
    resources: Resources
    progress: Progress


@dataclass(frozen=True, eq=False)
class _Work:
    """Sets, settings and means of one measurement."""

    sets: Sets
    settings: QualitySettings
    resources: Resources
    clock: Clock

    @cached_property
    def window(self) -> Window:
        """What is shown as black, and as white."""
        return window_of(self.sets.real, self.resources)

    @property
    def drawing(self) -> Drawing:
        """How halves are drawn."""
        return Drawing(self.settings.n_draws, self.settings.seed, self.clock.tell)


def quality(
    *,
    real: Source,
    synthetic: Source,
    holdout: Source | None = None,
    settings: QualitySettings | None = None,
    out: Path | None = None,
    patient_pattern: str | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Quality:
    """How like real images the synthetic ones are, how diverse, and whether as a set they lie too near.

    Parameters
    ----------
    real, synthetic, holdout
        The real images that the generator was trained on, those it made, and real images of patients that it never
        saw: ImageSets, or what `open_images` opens.
    out
        The folder that the run is written to (numbers, table, record); nothing is written if None.
    patient_pattern
        A regular expression that finds the patient in the id of a real image.

    Raises
    ------
    InputError
        For everything that is wrong with the sets or the settings, at once.
    """
    done = measured(
        real=real,
        synthetic=synthetic,
        holdout=holdout,
        settings=settings,
        out=out,
        patient_pattern=patient_pattern,
        resources=resources,
        progress=progress,
    )
    return done.run.quality


def measured(
    *,
    real: Source,
    synthetic: Source,
    holdout: Source | None = None,
    settings: QualitySettings | None = None,
    out: Path | None = None,
    patient_pattern: str | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Done:
    """What `quality` does, with the sets and the table, for a report.

    Raises
    ------
    InputError
        As `quality` does.
    """
    settings, resources = settings or QualitySettings(), resources or Resources()
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(Problem("is no folder", where=str(out), cure="name another"))
    clock = Clock(progress)
    with clock.stage("reading"), processes_kept():
        opener = Opener(settings.preparation, patient_pattern, resources, clock.tell)
        sets = load(real, synthetic, holdout, settings=settings, opener=opener)
    run = _run(_Work(sets, settings, resources, clock))
    if out is not None:
        write_quality(out, run)
    return Done(run, sets)


def _run(work: _Work) -> QualityRun:
    """Every number, by stages."""
    with work.clock.stage("encoding"):
        learnt, sets, eye = _encoder(work)
        seen = seen_by(eye, sets, resources=work.resources, progress=work.clock.tell)
    with work.clock.stage("comparing"):
        pairs = structure(work.sets.real, work.sets.synthetic, work.window, work.settings, work.clock.tell)
        fine = (*fidelity(seen, work.drawing), pairs)
        near = memorization(seen, work.drawing)
    with work.clock.stage("two-sample test"):
        how: _How = {"resources": work.resources, "progress": work.clock.tell}
        tests = tuple(two_sample_tests(work.sets, seen, work.settings, **how))
    found = Quality(
        encoder=work.settings.encoder_name,
        n_numbers=seen.real.vectors.shape[1],
        n_real=len(seen.real),
        n_real_patients=seen.real.n_patients,
        n_synthetic=len(seen.synthetic),
        n_holdout=0 if seen.holdout is None else len(seen.holdout),
        n_holdout_patients=0 if seen.holdout is None else seen.holdout.n_patients,
        patients_known=work.sets.all_real.patients_known,
        fidelity=fine,
        memorization=near,
        two_sample=tests,
        notes=tuple(notes(work.sets, seen, learnt, fine, tests, work.settings)),
    )
    return QualityRun(found, _samples(sets, seen), _record(work, eye))


def _encoder(work: _Work) -> tuple[ImageSet | None, Sets, Encoder]:
    """What the encoder learnt from, the sets without that, and the encoder."""
    learnt, sets = apart(work.sets, work.settings)
    shown = sets.real if learnt is None else learnt
    how: _How = {"resources": work.resources, "progress": work.clock.tell}
    return learnt, sets, eye_for(shown, work.window, work.settings, **how)


def _samples(sets: Sets, seen: Seen) -> pd.DataFrame:
    """What is said of each synthetic image."""
    balls = manifold(seen.real.vectors, seen.synthetic.vectors)
    nearest, distance = nearest_of(seen.synthetic.vectors, seen.real.vectors)
    real = sets.real.table.iloc[nearest]
    return pd.DataFrame(
        {
            "synthetic_id": sets.synthetic.table["id"].to_numpy(),
            "realism": balls.realism,
            "density": balls.density,
            "real_like": balls.real_like,
            "authentic": authentic(seen.real.vectors, seen.synthetic.vectors),
            "nearest_id": real["id"].to_numpy(),
            "nearest_patient": real["patient"].to_numpy(),
            "distance": distance,
        }
    )


def _record(work: _Work, eye: Encoder) -> dict[str, Any]:
    return {
        "sets": {name: described(images) for name, images in work.sets.named.items()},
        "settings": work.settings.to_json(),
        "encoder": eye.fingerprint,
        "seed": work.settings.seed,
        "versions": versions(),
        "started": work.clock.started.isoformat(timespec="seconds"),
        "seconds": work.clock.seconds,
    }
