"""Every match that an audit rests on: of the synthetic images, of the null, of the controls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from doppelscan.audit.derived import own_patients
from doppelscan.audit.inputs import Sets
from doppelscan.audit.matched import Matched
from doppelscan.audit.matching import References
from doppelscan.audit.null import NullArms, draw_null, identity_errors
from doppelscan.audit.planting import ControlArm, plant_controls
from doppelscan.audit.settings import AuditSettings
from doppelscan.errors import InputError, Problem
from doppelscan.findings import IdentityError
from doppelscan.settings import Resources
from doppelscan.workers import Progress, silent

__all__ = ["Cleaned", "Evidence", "View", "gather", "method_references"]


@dataclass(frozen=True, eq=False)
class View:
    """A null, and the synthetic images matched against the same references."""

    null: NullArms
    synthetic: Matched


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an audit saw: `clean` leaves the identity errors out, `whole` keeps them.

    `kinds` are the kinds of evidence that were heard; `learnt` says whether an encoder was trained for one of them.
    """

    sets: Sets
    clean: View
    whole: View
    identity_errors: tuple[IdentityError, ...]
    controls: tuple[ControlArm, ...]
    kinds: tuple[str, ...]
    learnt: bool


def gather(
    sets: Sets, settings: AuditSettings, *, resources: Resources, progress: Progress = silent
) -> Evidence:
    """Match everything; identity errors are found first, so that they weaken neither null nor margin.

    They are looked for by pixels, whatever the method, and then again by what was learnt.

    Raises
    ------
    InputError
        If too few patients are left once the identity errors are out, or to learn from.
    """
    pixels = References(sets.train, sets.holdout, resources, progress)
    whole, clean = method_references(pixels, settings)
    without = _view(clean.references, clean.null, settings, sets)
    everyone = _view(whole, _null(whole, settings), settings, sets) if clean.errors else without
    controls = plant_controls(clean.references, n_patients=settings.n_planted, seed=settings.seed)
    kinds = tuple(kind.name for kind in whole.kinds)
    return Evidence(sets, without, everyone, clean.errors, controls, kinds, whole.learnt)


def method_references(pixels: References, settings: AuditSettings) -> tuple[References, Cleaned]:
    """What a method matches against, from the references by pixels: all of it, and without identity errors."""
    if settings.method == "pearson":
        return pixels, _without_identity_errors(pixels, settings)
    clean = _without_identity_errors(pixels, settings, work="null by pixels")
    from doppelscan.audit.learning import learnt

    whole = learnt(pixels, clean.names, settings)
    return whole, _without_identity_errors(whole, settings, clean.errors, clean.names)


def _view(references: References, null: NullArms, settings: AuditSettings, sets: Sets) -> View:
    train, holdout = own_patients(sets.synthetic, references)
    synthetic = references.match(
        sets.synthetic,
        "synthetic images",
        k=settings.n_matches,
        train_exclude=train,
        holdout_exclude=holdout,
    )
    return View(null, synthetic)


def _null(references: References, settings: AuditSettings, work: str = "null") -> NullArms:
    return draw_null(references, n_patients=settings.n_null, seed=settings.seed, work=work)


@dataclass(frozen=True, eq=False)
class Cleaned:
    """References and a null without identity errors, these errors, and the names of the patients in them."""

    references: References
    null: NullArms
    errors: tuple[IdentityError, ...]
    names: frozenset[str]


def _without_identity_errors(
    references: References,
    settings: AuditSettings,
    errors: tuple[IdentityError, ...] = (),
    names: frozenset[str] = frozenset(),
    work: str = "null",
) -> Cleaned:
    """Without patients under two names: held-out ones leave both references and null, trained ones the null.

    `errors` and `names` are those known before. A held-out twin hides what its training image matches, so the search
    is repeated until it finds nothing.
    """
    while True:
        left = references.without_held_out(names)
        _refuse_too_few(left)
        null = _null(left, settings, work).without(left.numbers(names))
        found, patients = identity_errors(null, left.train)
        if not found:
            return Cleaned(left, null, errors, names)
        errors, names = errors + found, names | left.names(patients)


def _refuse_too_few(references: References) -> None:
    """Raise InputError where fewer than two held-out patients are left."""
    if any(
        images is not None and len(np.unique(references.patients(images))) < 2
        for images in (references.holdout, references.unseen)
    ):
        what = "nearly all held-out images are near-identical to training images of other patients"
        cure, page = "hold out other patients; see doppelscan dedupe", "howto/audit-your-folder.md#a-holdout"
        raise InputError(Problem(what, where="holdout", cure=cure, page=page))
