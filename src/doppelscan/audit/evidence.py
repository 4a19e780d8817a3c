"""Every match that an audit rests on: of the synthetic images, of the null, of the controls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64

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
    null = draw_null(references, n_patients=settings.n_null_patients, seed=settings.seed)
    errors, patients = identity_errors(null, sets.train)
    cleaned, clean_null = _without(patients, references, null, settings)
    views = [
        View(arms, refs.match(sets.synthetic, "synthetic images", k=settings.n_matches))
        for refs, arms in ((cleaned, clean_null), (references, null))
    ]
    controls = plant_controls(cleaned, n_patients=settings.n_controls, seed=settings.seed)
    return Evidence(sets, views[0], views[1], errors, controls)


def _without(
    patients: Int64[np.ndarray, " k"], references: References, null: NullArms, settings: AuditSettings
) -> tuple[References, NullArms]:
    """References and null without patients under two names; held-out ones leave both, trained ones the null."""
    n_trained = int(references.train.patients.max()) + 1
    held = patients[patients >= n_trained] - n_trained
    if references.holdout is None or len(held) == 0:
        left = null.without(patients)
    else:
        kept = np.flatnonzero(~np.isin(references.holdout.patients, held))
        references = replace(references, holdout=references.holdout.take(kept))
        redrawn = draw_null(references, n_patients=settings.n_null_patients, seed=settings.seed)
        left = redrawn.without(patients[patients < n_trained])
    if len(np.unique(left.patient)) < 2:
        what = "nearly all real images are identical to those of another patient; no null is left"
        raise InputError(Problem(what, where=references.train.name, cure="see doppelscan dedupe"))
    return references, left
