"""How well images that the generator never saw match the training set, and which of them are no such images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from doppelscan.audit.matched import Matched
from doppelscan.audit.matching import References
from doppelscan.findings import IdentityError
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.statistics import outliers

__all__ = ["NullArm", "NullArms", "draw_null", "identity_errors"]


@dataclass(frozen=True, eq=False)
class NullArm:
    """Images of one kind that the generator never saw, and their matches.

    `name` is `calibration` (held-out images) or `leave_patient_out` (training images against the training
    images of other patients); `patient` numbers patients across both arms.
    """

    name: str
    images: ImageSet
    patient: Int64[np.ndarray, " n"]
    matched: Matched

    def without(self, patients: Int64[np.ndarray, " k"]) -> NullArm:
        """The arm without these patients."""
        kept = np.flatnonzero(~np.isin(self.patient, patients))
        return NullArm(self.name, self.images.take(kept), self.patient[kept], self.matched.take(kept))


@dataclass(frozen=True, eq=False)
class NullArms:
    """The whole null: every arm of it."""

    arms: tuple[NullArm, ...]

    @property
    def statistic(self) -> Float64[np.ndarray, " n"]:
        """The statistics of all arms."""
        return np.concatenate([arm.matched.statistic for arm in self.arms])

    @property
    def patient(self) -> Int64[np.ndarray, " n"]:
        """The patients of all arms."""
        return np.concatenate([arm.patient for arm in self.arms])

    def without(self, patients: Int64[np.ndarray, " k"]) -> NullArms:
        """The null without these patients."""
        return NullArms(tuple(arm.without(patients) for arm in self.arms))


def draw_null(references: References, *, n_patients: int, seed: int, work: str = "null") -> NullArms:
    """Match held-out images, and training images of at most `n_patients`, each without its own patient.

    `work` is what the matching is called where progress is told.
    """
    arms = [*_held_out(references, work)]
    if not (arms and references.learnt):
        arms.append(_of_other_patients(references, n_patients, seed, work))
    return NullArms(tuple(arms))


def _held_out(references: References, work: str) -> Iterator[NullArm]:
    unseen, holdout = references.unseen, references.holdout
    if unseen is None or holdout is None:
        return
    own = references.patients(unseen)
    exclude = own, references.patients(holdout)
    matched = references.match(unseen, f"{work} of held-out patients", holdout_exclude=exclude)
    yield NullArm("calibration", unseen, own, matched)


def _of_other_patients(references: References, n_patients: int, seed: int, work: str) -> NullArm:
    train = references.train
    own = references.patients(train)
    free = np.setdiff1d(own, references.numbers(references.measured))
    drawn = np.flatnonzero(np.isin(own, _some(free, n_patients, seed)))
    images = train.take(drawn)
    matched = references.match(images, f"{work} of other patients", train_exclude=(own[drawn], own))
    return NullArm("leave_patient_out", images, own[drawn], matched)


def identity_errors(
    null: NullArms, train: ImageSet
) -> tuple[tuple[IdentityError, ...], Int64[np.ndarray, " k"]]:
    """The near-identical pairs of "different" patients in the null, and the numbers of those patients.

    A null image is one if its statistic is so far beyond the rest that fewer than 0.01 like it are expected.
    """
    odd = outliers(null.statistic, null.patient)
    errors: list[IdentityError] = []
    patients: list[Int64[np.ndarray, " k"]] = []
    start = 0
    for arm in null.arms:
        mine = np.flatnonzero(odd[start : start + len(arm.images)])
        start += len(arm.images)
        errors.extend(_error(arm, int(position), train) for position in mine)
        patients += [arm.patient[mine], train.patients[arm.matched.best[mine]]]
    return tuple(errors), np.unique(np.concatenate(patients))


def _some(patients: Int64[np.ndarray, " n"], most: int, seed: int) -> Int64[np.ndarray, " k"]:
    """At most so many of the patients, drawn by seed."""
    return stream(seed, "null patients").permutation(np.unique(patients))[:most]


def _error(arm: NullArm, position: int, train: ImageSet) -> IdentityError:
    other = train.table.iloc[int(arm.matched.best[position])]
    image = arm.images.table.iloc[position]
    score = float(arm.matched.score[position])
    return IdentityError(
        image_id=image["id"],
        patient=image["patient"] or "",
        other_id=other["id"],
        other_patient=other["patient"] or "",
        arm=arm.name,
        score=score,
        statistic=float(arm.matched.statistic[position]),
        reason="same pixels" if score > 1 - 1e-9 else "more alike than different patients are",
    )
