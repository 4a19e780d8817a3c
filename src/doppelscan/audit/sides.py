"""What power is measured on: training and held-out images, or the two halves of one set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from doppelscan.audit.settings import AuditSettings
from doppelscan.encoders.published import absent, unseen_axes
from doppelscan.errors import InputError, Problem
from doppelscan.imagesets import ImageSet, split
from doppelscan.imagesets.together import Opener, Source, on_both_sides, open_all, other_shapes

__all__ = ["Sides", "open_sides", "too_few"]

_HELD_OUT = 0.5  # of the patients, where no others are given
_LEAST = 4  # held-out patients: two to compare with, two to plant


@dataclass(frozen=True, eq=False)
class Sides:
    """Training and held-out images, prepared and of one shape; `split_off` where both come from one set."""

    train: ImageSet
    holdout: ImageSet
    split_off: bool

    @property
    def n_unreadable(self) -> int:
        """Files of the sets given that could not be read."""
        given = (self.train,) if self.split_off else (self.train, self.holdout)
        return sum(len(images.unreadable) for images in given)

    @property
    def patients_known(self) -> bool:
        """Whether every image names its patient."""
        return self.train.patients_known and self.holdout.patients_known


def open_sides(train: Source, holdout: Source | None, *, audit: AuditSettings, opener: Opener) -> Sides:
    """The two sides, opened, prepared and checked; without a holdout half of the patients are held out.

    Raises
    ------
    InputError
        For everything that is wrong with either: cannot be opened, shapes that differ, a patient on both
        sides, too few patients; a pretrained encoder that is not there or sees no such images.
    """
    opened = open_all({"train": train, "holdout": holdout}, opener, absent(audit.pretrained))
    trained, held = opened["train"], opened.get("holdout")
    if problems := [
        *other_shapes(opened),
        *_patients(trained, held),
        *unseen_axes(audit.pretrained, trained.shape),
    ]:
        raise InputError(problems)
    if held is not None:
        return Sides(trained, held, split_off=False)
    return Sides(*split(trained, _HELD_OUT, seed=audit.seed), split_off=True)


def too_few(images: ImageSet, least: int, why: str = "") -> list[Problem]:
    """What is wrong where a set shows fewer patients than that."""
    n = len(np.unique(images.patients))
    what = f"shows {n} patients, and at least {least} are needed{why}"
    return [] if n >= least else [Problem(what, where=images.name, cure="add patients")]


def _patients(train: ImageSet, holdout: ImageSet | None) -> list[Problem]:
    if holdout is None:
        return too_few(train, round(_LEAST / _HELD_OUT), ", half of them to be held out")
    return [*on_both_sides(train, holdout), *too_few(train, 2), *too_few(holdout, _LEAST)]
