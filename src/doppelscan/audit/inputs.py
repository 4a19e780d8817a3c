"""Whether the sets given can be audited against each other; every reason why not, at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from doppelscan.audit.settings import LEAST_TO_LEARN, AuditSettings
from doppelscan.encoders.published import absent, unseen_axes
from doppelscan.errors import InputError, Problem
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.together import Opener, Source, on_both_sides, open_all, other_shapes

__all__ = ["Sets", "load"]


@dataclass(frozen=True, eq=False)
class Sets:
    """The sets of one audit, prepared and of one shape."""

    train: ImageSet
    synthetic: ImageSet
    holdout: ImageSet | None

    @property
    def named(self) -> Mapping[str, ImageSet]:
        """The sets that there are, by their part in the audit."""
        all_sets = {"train": self.train, "synthetic": self.synthetic, "holdout": self.holdout}
        return {name: images for name, images in all_sets.items() if images is not None}


def load(
    train: Source, synthetic: Source, holdout: Source | None, *, settings: AuditSettings, opener: Opener
) -> Sets:
    """The sets, opened, prepared and checked.

    Raises
    ------
    InputError
        For everything that is wrong with any of them: cannot be opened, shapes that differ within or between
        sets, a patient on both sides, too few patients; a pretrained encoder that is not there.
    """
    opened = open_all(
        {"train": train, "synthetic": synthetic, "holdout": holdout}, opener, absent(settings.pretrained)
    )
    sets = Sets(opened["train"], opened["synthetic"], opened.get("holdout"))
    if problems := [
        *other_shapes(sets.named),
        *_patients(sets),
        *unseen_axes(settings.pretrained, sets.train.shape),
        *_calibration(sets, settings),
    ]:
        raise InputError(problems)
    return sets


def _patients(sets: Sets) -> list[Problem]:
    held = sets.holdout
    reference, name = (sets.train, "training set") if held is None else (held, "holdout")
    problems = [] if held is None else on_both_sides(sets.train, held)
    if len(np.unique(reference.patients)) < 2:
        what = f"the {name} shows fewer than two patients"
        problems.append(Problem(what, where=reference.name, cure="add patients"))
    return problems


def _calibration(sets: Sets, settings: AuditSettings) -> list[Problem]:
    cure = "give --holdout"
    if sets.holdout is None:
        needing = {"--calibration": settings.calibration == "dar", "--method": _learns(settings)}
        page = "howto/no-holdout.md"
        return [
            Problem(f"{name[2:]} {getattr(settings, name[2:])} needs held-out images", name, cure, page)
            for name, needs in needing.items()
            if needs
        ]
    if _learns(settings) and (n := len(np.unique(sets.holdout.patients))) < LEAST_TO_LEARN:
        what = f"{settings.method} learns from half of the held-out patients, and {n} are too few"
        cure, page = f"hold out at least {LEAST_TO_LEARN}", "howto/audit-your-folder.md#a-holdout"
        return [Problem(what, where=sets.holdout.name, cure=cure, page=page)]
    return []


def _learns(settings: AuditSettings) -> bool:
    """Whether half of the holdout must be learnt from; `registered` does without where that cannot be."""
    return settings.method == "contrastive" and settings.preset is not None
