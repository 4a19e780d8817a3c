"""Controls: images whose truth is known, sent through the same path as the synthetic ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Int64

from doppelscan.audit.matched import Matched, joined
from doppelscan.audit.matching import References
from doppelscan.audit.planted import Job, planted
from doppelscan.images.changes import Change
from doppelscan.images.transforms import STANDARD
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.workers import counted

__all__ = ["AS_IT_IS", "ControlArm", "plant", "plant_controls"]

AS_IT_IS = "as it is"
_AT_ONCE = 4096  # planted images that are matched between two writes to the cache
_SLOWLY_AT_ONCE = 256  # the same where several kinds of evidence are heard


@dataclass(frozen=True, eq=False)
class ControlArm:
    """Controls of one kind and their matches.

    `name` is `copy` (changed training images: to be flagged), `novel` (the same changes of images that the
    generator never saw: not to be) or `same_patient` (other images of training patients: neither).
    `source` are positions in `images`, `patient` numbers patients alike in all arms; `named` says whether the
    best match is the source. `planted` are the images as they were changed, made when they are read; None where
    none is.
    """

    name: str
    images: ImageSet
    source: Int64[np.ndarray, " n"]
    patient: Int64[np.ndarray, " n"]
    transform: tuple[Change | None, ...]
    matched: Matched
    named: Bool[np.ndarray, " n"]
    planted: ImageSet | None = None

    @property
    def transform_names(self) -> list[str]:
        """The transform's name of each control."""
        return [AS_IT_IS if transform is None else transform.name for transform in self.transform]


def plant_controls(references: References, *, n_patients: int, seed: int) -> tuple[ControlArm, ...]:
    """The three arms of controls, each of one image from each of at most `n_patients` patients."""
    copies, novel = plant(references, STANDARD, n_patients=n_patients, seed=seed)
    return copies, novel, _same_patient(references, n_patients, seed)


def plant(
    references: References, changes: Sequence[Change], *, n_patients: int, seed: int
) -> tuple[ControlArm, ControlArm]:
    """Copies, which are training images changed, and novel images, which are unseen ones changed alike.

    Each arm has every change of one image of each of at most `n_patients` patients. Where a change needs another
    image, the unseen ones are paired: in both arms that image is one of them, and both of its pair are left
    out of the held-out images that the result is compared with.
    """
    train, unseen = references.train, references.unseen or references.train
    own, other = (_one_image_each(of.patients, n_patients=n_patients, seed=seed) for of in (train, unseen))
    paired = any(change.needs_other for change in changes)
    other = other[: len(other) // 2 * 2] if paired else other
    assert len(other), "two unseen patients are the least, where images are paired"
    partner = other[np.arange(len(other)) ^ 1] if paired else other
    matched = partial(_arm, references, _groups(references, other if paired else other[:0]), seed)
    copies = matched("copy", train, _jobs(changes, own, np.resize(other, len(own))))
    return copies, matched("novel", unseen, _jobs(changes, other, partner))


def _jobs(
    changes: Sequence[Change], source: Int64[np.ndarray, " s"], other: Int64[np.ndarray, " s"]
) -> list[Job]:
    """Every change of every source."""
    pairs = list(zip(source.tolist(), other.tolist(), strict=True))
    return [Job(i, change, j if change.needs_other else -1) for i, j in pairs for change in changes]


def _groups(references: References, paired: Int64[np.ndarray, " p"]) -> Int64[np.ndarray, " k"]:
    """Who are left out together, by patient: nobody else but the pairs of these unseen images."""
    sets = (references.train, references.holdout, references.unseen)
    group = np.arange(1 + max(int(references.patients(of).max()) for of in sets if of is not None))
    if len(paired):
        patient = references.patients(references.unseen or references.train)[paired]
        group[patient[1::2]] = group[patient[::2]]
    return group


def _arm(
    references: References,
    group: Int64[np.ndarray, " k"],
    seed: int,
    name: str,
    images: ImageSet,
    jobs: Sequence[Job],
) -> ControlArm:
    """The images of these jobs and their matches."""
    source = np.array([job.source for job in jobs], dtype=np.int64)
    apart = source if name == "novel" else np.array([job.other for job in jobs], dtype=np.int64)
    matched = _matched(references, group, seed, name, images, jobs, apart)
    return ControlArm(
        name,
        images,
        source,
        references.patients(images)[source],
        tuple(job.change for job in jobs),
        matched,
        (matched.best == source) & (name == "copy"),
        planted(
            jobs, images, references.unseen or references.train, seed=seed, resources=references.resources
        ),
    )


def _matched(
    references: References,
    group: Int64[np.ndarray, " k"],
    seed: int,
    name: str,
    images: ImageSet,
    jobs: Sequence[Job],
    apart: Int64[np.ndarray, " n"],
) -> Matched:
    """The matches of each job's image; no unseen image of the group of its `apart`, if any, counts for it."""
    unseen = references.unseen or references.train
    left_out = np.where(apart >= 0, group[references.patients(unseen)[apart]], -1)
    size = _AT_ONCE if len(references.kinds) == 1 else _SLOWLY_AT_ONCE
    tiles = [slice(start, start + size) for start in range(0, len(jobs), size)]
    parts = []
    for tile in counted(tiles, f"controls: {name}: parts", len(tiles), references.progress):
        queries = planted(jobs[tile], images, unseen, seed=seed, resources=references.resources)
        parts.append(_apart(references, queries, left_out[tile], group, f"controls: {name}"))
    return joined(parts)


def _apart(
    references: References,
    queries: ImageSet,
    left_out: Int64[np.ndarray, " t"],
    group: Int64[np.ndarray, " k"],
    work: str,
) -> Matched:
    """The matches of some images, among the held-out ones without the group that each leaves out."""
    if references.holdout is None:
        exclude = left_out, group[references.patients(references.train)]
        return references.match(queries, work, train_exclude=exclude)
    exclude = left_out, group[references.patients(references.holdout)]
    return references.match(queries, work, holdout_exclude=exclude)


def _same_patient(references: References, n_patients: int, seed: int) -> ControlArm:
    """Training images of patients who have several, each matched as if it were not in the training set."""
    train = references.train
    patients = train.patients
    several = np.flatnonzero(np.bincount(patients)[patients] > 1)
    chosen = several[_one_image_each(patients[several], n_patients=n_patients, seed=seed)]
    itself = np.arange(len(train))
    matched = references.match(train.take(chosen), "controls: same patient", train_exclude=(chosen, itself))
    named = np.zeros(len(chosen), dtype=bool)
    return ControlArm("same_patient", train, chosen, patients[chosen], (None,) * len(chosen), matched, named)


def _one_image_each(
    patients: Int64[np.ndarray, " n"], *, n_patients: int, seed: int
) -> Int64[np.ndarray, " s"]:
    """The positions of one image of each of at most `n_patients` patients, drawn by seed."""
    order = stream(seed, "control sources").permutation(len(patients))
    first = np.unique(patients[order], return_index=True)[1]
    return order[np.sort(first)[:n_patients]]
