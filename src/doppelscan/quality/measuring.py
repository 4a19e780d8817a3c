"""The measurement of quality from beginning to end: read, encode, compare, write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from doppelscan.errors import InputError, Problem
from doppelscan.findings.provenance import described, versions
from doppelscan.findings.quality import Quality, QualityRun, TwoSample, write_quality
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.together import Opener, Source
from doppelscan.quality.comparing import Drawing, Features
from doppelscan.quality.copying import authentic
from doppelscan.quality.distances import nearest_of
from doppelscan.quality.eyes import LogitsToo, eye_for, window_of
from doppelscan.quality.features import Eye, features_of
from doppelscan.quality.inputs import Sets, load
from doppelscan.quality.manifold import manifold
from doppelscan.quality.measures import Seen, fidelity, memorization
from doppelscan.quality.notes import notes
from doppelscan.quality.pairs import structure
from doppelscan.quality.settings import QualitySettings
from doppelscan.quality.two_sample import Side, exchange_p, nearest_votes, sides_p, training_share
from doppelscan.search import ArrayBlocks, Blocks
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.workers import Progress, processes_kept, silent
from doppelscan.workers.clock import Clock

__all__ = ["Done", "measured", "quality"]

_LEARNT = 1 / 3  # of the real patients, from whom the encoder learns
_MOST_LEARNT = 1000  # images
_LEAST_PATIENTS = 6  # with fewer the encoder learns from all


@dataclass(frozen=True, eq=False)
class Done:
    """What was measured, and the sets as they were: their pixels are at hand."""

    run: QualityRun
    sets: Sets


@dataclass(frozen=True, eq=False)
class _Work:
    """Sets, settings and means of one measurement."""

    sets: Sets
    settings: QualitySettings
    resources: Resources
    clock: Clock

    @property
    def drawing(self) -> Drawing:
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
    """What `quality` does, with the sets and the table, for a report."""
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
    settings, clock = work.settings, work.clock
    window = window_of(work.sets.real, work.resources)
    with clock.stage("encoding"):
        learnt, sets = _apart(work.sets, settings)
        eye = eye_for(
            sets.real if learnt is None else learnt,
            window,
            settings,
            resources=work.resources,
            progress=clock.tell,
        )
        seen = _seen(sets, eye, work)
    with clock.stage("comparing"):
        pairs = structure(
            work.sets.real,
            sets.synthetic,
            window,
            n_pairs=settings.n_pairs,
            seed=settings.seed,
            progress=clock.tell,
        )
        fine = (*fidelity(seen, work.drawing), pairs)
        near = memorization(seen, work.drawing)
    with clock.stage("two-sample test"):
        tests = tuple(_tests(sets, seen, work))
    found = Quality(
        encoder=Path(settings.encoder).name,
        n_numbers=seen.real.vectors.shape[1],
        n_real=len(sets.real),
        n_real_patients=seen.real.n_patients,
        n_synthetic=len(sets.synthetic),
        n_holdout=0 if sets.holdout is None else len(sets.holdout),
        n_holdout_patients=0 if seen.holdout is None else seen.holdout.n_patients,
        patients_known=work.sets.all_real.patients_known,
        fidelity=fine,
        memorization=near,
        two_sample=tests,
        notes=tuple(notes(work.sets, seen, learnt, fine, tests, settings)),
    )
    return QualityRun(found, _samples(sets, seen), _record(work, eye))


def _apart(sets: Sets, settings: QualitySettings) -> tuple[ImageSet | None, Sets]:
    """The real images that an encoder learns from, if one does, and the sets without them.

    An encoder keeps apart what it was trained on: distances among those images are larger than from others to them.
    What is measured was seen by no encoder, then, and all sets are treated alike.
    """
    patients = sets.real.patients
    present = np.unique(patients)
    if settings.encoder != "contrastive" or len(present) < _LEAST_PATIENTS:
        return None, sets
    order = stream(settings.seed, "patients to learn from").permutation(present)
    n_images = np.cumsum(np.bincount(patients)[order])
    n_chosen = max(1, min(round(_LEARNT * len(present)), int((n_images <= _MOST_LEARNT).sum())))
    chosen = np.isin(patients, order[:n_chosen])
    rest = replace(sets, real=sets.real.take(np.flatnonzero(~chosen)))
    return sets.real.take(np.flatnonzero(chosen)), rest


def _seen(sets: Sets, eye: Eye, work: _Work) -> Seen:
    """The vectors of every set; a synthetic image is a patient of its own."""
    vectors = {
        name: features_of(images, eye, resources=work.resources, progress=work.clock.tell)
        for name, images in sets.named.items()
    }
    patient = {name: images.patients for name, images in sets.named.items()}
    patient["synthetic"] = np.arange(len(sets.synthetic))
    logits = None
    if isinstance(eye, LogitsToo):
        both = {name: LogitsToo.split(of) for name, of in vectors.items()}
        vectors = {name: features for name, (features, _) in both.items()}
        logits = (
            Features(both["real"][1], patient["real"]),
            Features(both["synthetic"][1], patient["synthetic"]),
        )
    features = {name: Features(of, patient[name]) for name, of in vectors.items()}
    return Seen(features["real"], features["synthetic"], features.get("holdout"), logits)


def _tests(sets: Sets, seen: Seen, work: _Work) -> Iterator[TwoSample]:
    """The two-sample test on pixels of all real images, and on vectors of those that the encoder did not learn from."""
    if sets.holdout is None or seen.holdout is None:
        return
    everyone = work.sets
    assert everyone.holdout is not None, "it is the same one"
    trained, held = (Side(images, images.patients) for images in (everyone.real, everyone.holdout))
    yield _test("pixels", trained, held, sets.synthetic, work)
    if work.settings.encoder != "pixels":
        trained, held = (Side(_as_blocks(of), of.patient) for of in (seen.real, seen.holdout))
        yield _test(Path(work.settings.encoder).name, trained, held, _as_blocks(seen.synthetic), work)


def _test(space: str, trained: Side, held: Side, synthetic: Blocks, work: _Work) -> TwoSample:
    """The test in one space; progress counts pairs of images."""
    n = len(trained.images) + len(held.images)
    pairs = _Pairs(f"nearest by {space}", n * (n + len(synthetic)), work.clock.tell)
    seed = work.settings.seed
    found = nearest_votes(trained, held, synthetic, seed=seed, resources=work.resources, progress=pairs.add)
    return TwoSample(space, training_share(found), *exchange_p(found, seed=seed), sides_p(found, seed=seed))


@dataclass
class _Pairs:
    """How many pairs of images have been compared."""

    work: str
    total: int
    progress: Progress
    done: int = 0

    def add(self, n_pairs: int) -> None:
        self.done += n_pairs
        self.progress(self.work, self.done, self.total)


def _as_blocks(features: Features) -> Blocks:
    """Vectors as images of one row."""
    return ArrayBlocks(features.vectors[:, None])


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


def _record(work: _Work, eye: Eye) -> dict[str, Any]:
    return {
        "sets": {name: described(images) for name, images in work.sets.named.items()},
        "settings": work.settings.to_json(),
        "encoder": eye.fingerprint,
        "seed": work.settings.seed,
        "versions": versions(),
        "started": work.clock.started.isoformat(timespec="seconds"),
        "seconds": work.clock.seconds,
    }
