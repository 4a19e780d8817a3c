"""Who is attacked? Members, others, and the reference that both are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64

from doppelscan.audit.membership.settings import MembershipSettings
from doppelscan.audit.sides import too_few
from doppelscan.audit.verdicts import SAME_PIXELS
from doppelscan.encoders.published import absent, unseen_axes
from doppelscan.errors import InputError
from doppelscan.imagesets import ImageSet, split
from doppelscan.imagesets.together import Opener, Source, on_both_sides, open_all, other_shapes
from doppelscan.search import nearest
from doppelscan.seeds import stream
from doppelscan.settings import Resources

__all__ = ["LEAST_PATIENTS", "Roles", "Targets", "cast", "opened"]

LEAST_PATIENTS = 10  # of each set


@dataclass(frozen=True, eq=False)
class Targets:
    """Images of both sides, members first: a row each, and whether the model was trained on it."""

    sides: tuple[ImageSet, ImageSet]

    @property
    def member(self) -> Bool[np.ndarray, " n"]:
        """Whether each is a training image."""
        return np.repeat([True, False], [len(images) for images in self.sides])

    @property
    def patient(self) -> Int64[np.ndarray, " n"]:
        """A number for each image's patient; nobody is on both sides."""
        members, others = (images.patients for images in self.sides)
        return np.concatenate([members, others + members.max() + 1])

    @property
    def table(self) -> pd.DataFrame:
        """The id and the patient of each."""
        return pd.concat([images.table[["id", "patient"]] for images in self.sides], ignore_index=True)


@dataclass(frozen=True, eq=False)
class Roles:
    """The sets as they were given, and what becomes of them.

    Attributes
    ----------
    reference
        Held-out images that say what is ordinary: nothing that is learnt or fitted sees those attacked.
    targets
        Training images, and the other held-out ones.
    n_twins
        Held-out patients left out since the training set has one of their images.
    """

    train: ImageSet
    holdout: ImageSet
    synthetic: ImageSet | None
    reference: ImageSet
    targets: Targets
    n_twins: int

    @property
    def patients_known(self) -> bool:
        """Whether every real image names its patient."""
        return self.train.patients_known and self.holdout.patients_known


def opened(
    train: Source,
    holdout: Source,
    synthetic: Source | None,
    *,
    settings: MembershipSettings,
    opener: Opener,
) -> dict[str, ImageSet]:
    """The sets, prepared and checked.

    Raises
    ------
    InputError
        For everything that is wrong with any of them: cannot be opened, shapes that differ, a patient on both
        sides, too few patients; an encoder that is not there or sees no such images.
    """
    given = {"train": train, "holdout": holdout, "synthetic": synthetic}
    sets = open_all(given, opener, absent(settings.audit.pretrained))
    if problems := [
        *other_shapes(sets),
        *on_both_sides(sets["train"], sets["holdout"]),
        *too_few(sets["train"], LEAST_PATIENTS),
        *too_few(sets["holdout"], LEAST_PATIENTS),
        *unseen_axes(settings.audit.pretrained, sets["train"].shape),
    ]:
        raise InputError(problems)
    return sets


def cast(
    train: ImageSet,
    holdout: ImageSet,
    synthetic: ImageSet | None,
    *,
    settings: MembershipSettings,
    resources: Resources,
) -> Roles:
    """The held-out patients parted into reference and attacked, the training patients drawn.

    Held-out patients of whom the training set has an image are members under another name, and left out.

    Raises
    ------
    InputError
        If too few are left.
    """
    twins = _twins(train, holdout, resources)
    own = holdout.take(np.flatnonzero(~np.isin(holdout.patients, twins)))
    if problems := too_few(own, LEAST_PATIENTS, " besides those whose images are trained on"):
        raise InputError(problems)
    others, reference = split(own, settings.reference, seed=settings.seed)
    targets = Targets((_drawn(train, "members", settings), _drawn(others, "others", settings)))
    return Roles(train, holdout, synthetic, reference, targets, len(twins))


def _twins(train: ImageSet, holdout: ImageSet, resources: Resources) -> Int64[np.ndarray, " k"]:
    """The held-out patients with an image whose pixels are those of a training image."""
    same = nearest(holdout, train, resources=resources).scores[:, 0] > SAME_PIXELS
    return np.unique(holdout.patients[same])


def _drawn(images: ImageSet, name: str, settings: MembershipSettings) -> ImageSet:
    """All images of at most so many patients."""
    patients = images.patients
    unique = np.unique(patients)
    if len(unique) <= settings.n_patients:
        return images
    chosen = stream(settings.seed, name).permutation(unique)[: settings.n_patients]
    return images.take(np.flatnonzero(np.isin(patients, chosen)))
