"""The measurement of power from beginning to end: read, plant, match, compare, write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from doppelscan.audit.detections import detections
from doppelscan.audit.evidence import method_references
from doppelscan.audit.learning import UNSEEN, trains
from doppelscan.audit.matching import References
from doppelscan.audit.outlining import part_overlaps
from doppelscan.audit.planting import ControlArm, plant
from doppelscan.audit.power_settings import PowerSettings
from doppelscan.audit.records import described, versions
from doppelscan.audit.sides import Sides, open_sides, too_few
from doppelscan.errors import InputError
from doppelscan.findings.power import Power, write_power
from doppelscan.images.changes import Change
from doppelscan.images.parts import PartialCopy
from doppelscan.imagesets import split
from doppelscan.imagesets.together import Opener, Source
from doppelscan.search.duplicates import first_identical
from doppelscan.settings import Resources
from doppelscan.workers import Progress, processes_kept, silent

__all__ = ["power"]

_MANY = 100  # unseen patients, of whom one makes 1%


def power(
    *,
    train: Source,
    holdout: Source | None = None,
    settings: PowerSettings | None = None,
    out: Path | None = None,
    patient_pattern: str | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Power:
    """What each method would find of copies of these training images, by transform and strength.

    Training images and unseen ones are changed alike and matched just as an audit matches synthetic images;
    what an audit's verdict rests on is to tell them apart. What was matched is kept in the cache: after an
    interruption the same call goes on.

    Parameters
    ----------
    train, holdout
        Images to copy, and real images of other patients: ImageSets, or what `open_images` opens. Without a
        holdout, half of the training set's patients are held out.
    out
        The folder for `power.json` and `power.parquet`; nothing is written if None.
    patient_pattern
        A regular expression that finds the patient in the id of an image.

    Raises
    ------
    InputError
        For everything that is wrong with the sets, at once.
    """
    settings, resources = settings or PowerSettings(), resources or Resources()
    with processes_kept():
        opener = Opener(settings.preparation, patient_pattern, resources, progress)
        sides = open_sides(train, holdout, audit=settings.with_encoder, opener=opener)
    pixels = References(sides.train, sides.holdout, resources, progress)
    original = first_identical(sides.train, resources)[0]
    measured = [_measured(pixels, original, method, settings) for method in settings.methods]
    planted = pd.concat([one.planted for one in measured], ignore_index=True)
    found = _power(sides, planted, measured, settings)
    if out is not None:
        write_power(out, found, planted)
    return found


@dataclass(frozen=True, eq=False)
class _Measured:
    """The planted images of one method, a row each, and how many images had to be left out."""

    method: str
    planted: pd.DataFrame
    n_errors: int


def _measured(
    pixels: References, original: Int64[np.ndarray, " t"], method: str, settings: PowerSettings
) -> _Measured:
    """Every change planted and matched as an audit by this method would match it."""
    _, clean = method_references(pixels, settings.audit(method))
    references = _of_same_unseen(clean.references, pixels, settings)
    tables = [
        _rows(arm, dict(graded), original, references).assign(method=method, list=name)
        for name, graded in settings.changes.items()
        for arm in plant(
            references, [change for change, _ in graded], n_patients=settings.n_planted, seed=settings.seed
        )
    ]
    return _Measured(method, pd.concat(tables, ignore_index=True), len(clean.errors))


def _of_same_unseen(references: References, pixels: References, settings: PowerSettings) -> References:
    """The references with those unseen images only that no method learns from: all methods meet the same ones."""
    unseen = references.unseen
    assert unseen is not None, "there is a holdout"
    assert pixels.holdout is not None, "there is a holdout"
    audits = [settings.audit(method) for method in settings.methods]
    if any(trains(pixels.train, pixels.holdout, audit) for audit in audits):
        shared = split(pixels.holdout, UNSEEN, seed=settings.seed)[1]
        unseen = unseen.take(np.flatnonzero(unseen.table["id"].isin(shared.table["id"])))
    if problems := too_few(unseen, 2, " besides near-identical images of others"):
        raise InputError(problems)
    return replace(references, unseen=unseen)


def _rows(
    arm: ControlArm,
    fractions: Mapping[Change, float | None],
    original: Int64[np.ndarray, " t"],
    references: References,
) -> pd.DataFrame:
    """A row for each planted image of an arm: the columns of the table that is kept, and what `detections` needs."""
    changes = [change for change in arm.transform if change is not None]
    best, source = arm.matched.best, arm.images.table.iloc[arm.source]
    ids, named = references.train.table["id"].to_numpy(), _named(arm, original)
    return pd.DataFrame(
        {
            "transform": arm.transform_names,
            "unit": [change.unit for change in changes],
            "fraction": np.array([fractions[change] for change in changes], dtype=np.float64),
            "strength": [change.strength for change in changes],
            "arm": arm.name,
            "source_id": source["id"].to_numpy(),
            "patient": source["patient"].to_numpy(),
            "patient_number": arm.patient,
            "best_id": np.where(best >= 0, ids[best], None),
            "score": arm.matched.score,
            "statistic": arm.matched.statistic,
            "named": named,
            "overlap": _overlap(arm, named, references),
        }
    )


def _named(arm: ControlArm, original: Int64[np.ndarray, " t"]) -> Bool[np.ndarray, " n"]:
    """Whether each copy's best match is its source, or has the very same pixels."""
    if arm.name != "copy":
        return arm.named
    best = arm.matched.best
    return np.asarray((best >= 0) & (original[best] == original[arm.source]))


def _overlap(
    arm: ControlArm, named: Bool[np.ndarray, " n"], references: References
) -> Float64[np.ndarray, " n"]:
    """How far each partial copy's part is outlined, 0 where another image is named; NaN for all other images."""
    partial = np.array([isinstance(change, PartialCopy) for change in arm.transform]) & (arm.name == "copy")
    overlap, shown = np.where(partial, 0.0, np.nan), np.flatnonzero(partial & named)
    if len(shown):
        assert arm.planted is not None, "it is an arm of planted images"
        copies, best = arm.planted.take(shown), arm.matched.best[shown]
        overlap[shown] = part_overlaps(
            copies, references.train, best, references.resources, references.progress
        )
    return overlap


def _power(
    sides: Sides, planted: pd.DataFrame, measured: Sequence[_Measured], settings: PowerSettings
) -> Power:
    n_planted, n_unseen = (
        planted.loc[planted["arm"] == arm, "patient_number"].nunique() for arm in ("copy", "novel")
    )
    sets = {"train": sides.train, "holdout": sides.holdout}
    return Power(
        n_train=len(sides.train),
        n_train_patients=len(np.unique(sides.train.patients)),
        n_holdout=len(sides.holdout),
        n_holdout_patients=len(np.unique(sides.holdout.patients)),
        split_off=sides.split_off,
        patients_known=sides.patients_known,
        n_planted=n_planted,
        n_unseen=n_unseen,
        detections=detections(planted),
        notes=tuple(_notes(sides, n_unseen, measured)),
        made_from={
            "sets": {name: described(images) for name, images in sets.items()},
            "settings": settings.to_json(),
            "versions": versions(),
        },
    )


def _notes(sides: Sides, n_unseen: int, measured: Sequence[_Measured]) -> Iterator[str]:
    """What a reader must know to read the numbers, the gravest first."""
    if not sides.patients_known:
        yield "Some images name no patient; each counts as a patient of its own, and intervals may be too narrow."
    if sides.split_off:
        yield (
            "There is no holdout: half of the patients were held out of the training set. Among the other half a "
            "copy is found more easily than among all."
        )
    if n_unseen < _MANY:
        yield (
            f"Novel images are of {n_unseen} patients: what is found at 1% of false alarms rests on the few that "
            "look most like copies."
        )
    for one in measured:
        if one.n_errors:
            yield (
                f"{one.method}: {one.n_errors} near-identical images of different patients were left out of what "
                "is compared with; doppelscan dedupe lists such pairs."
            )
    if sides.n_unreadable:
        yield f"{sides.n_unreadable} files could not be read; power.json lists them."
