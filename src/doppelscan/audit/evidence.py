"""Every match that an audit rests on: of the synthetic images, of the null, of the controls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from doppelscan.audit.inputs import Sets
from doppelscan.audit.matching import Matched, References
from doppelscan.audit.null import NullArms, draw_null, identity_errors
from doppelscan.audit.planting import ControlArm, plant_controls
from doppelscan.audit.settings import AuditSettings
from doppelscan.errors import InputError, Problem
from doppelscan.findings import IdentityError

__all__ = ["Evidence", "View", "gather"]


@dataclass(frozen=True, eq=False)
class View:
    """A null, and the synthetic images matched against the same references."""

    null: NullArms
    synthetic: Matched


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an audit saw: `clean` leaves the identity errors out, `whole` keeps them."""

    sets: Sets
    clean: View
    whole: View
    identity_errors: tuple[IdentityError, ...]
    controls: tuple[ControlArm, ...]


def gather(sets: Sets, references: References, settings: AuditSettings) -> Evidence:
    """Match everything; identity errors are found first, so that they weaken neither null nor margin.

    Raises
    ------
    InputError
        If too few patients are left once the identity errors are out.
    """
    whole = _null(references, settings)
    cleaned, clean, errors = _without_identity_errors(references, whole, settings)
    views = [
        View(null, refs.match(sets.synthetic, "synthetic images", k=settings.n_matches))
        for refs, null in ((cleaned, clean), (references, whole))
    ]
    controls = plant_controls(cleaned, n_patients=settings.n_controls, seed=settings.seed)
    return Evidence(sets, views[0], views[1], errors, controls)


def _null(references: References, settings: AuditSettings) -> NullArms:
    return draw_null(references, n_patients=settings.n_null_patients, seed=settings.seed)


def _without_identity_errors(
    references: References, null: NullArms, settings: AuditSettings
) -> tuple[References, NullArms, tuple[IdentityError, ...]]:
    """References and null without patients under two names: held-out ones leave both, trained ones the null.

    A held-out twin hides what its training image matches, so the search is repeated until it finds nothing.
    """
    all_errors: list[IdentityError] = []
    of_training = references.patients(references.train)
    trained = np.empty(0, dtype=np.int64)
    while True:
        errors, patients = identity_errors(null, references.train)
        if not errors:
            return references, null, tuple(all_errors)
        all_errors.extend(errors)
        trained = np.union1d(trained, np.intersect1d(patients, of_training))
        references = references.without_held_out(patients)
        _refuse_too_few(references)
        null = _null(references, settings).without(trained)


def _refuse_too_few(references: References) -> None:
    """Raise InputError where fewer than two held-out patients are left."""
    held = references.holdout
    if held is not None and len(np.unique(held.patients)) < 2:
        what = "nearly all held-out images are near-identical to training images of other patients"
        raise InputError(
            Problem(what, where=held.name, cure="hold out other patients; see doppelscan dedupe")
        )
