"""Membership inference from beginning to end: read, look for a difference of the sets, attack, conclude, write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from doppelscan.audit.membership.attacks import Scored, from_model, from_samples
from doppelscan.audit.membership.conclusions import concluded, scores_table
from doppelscan.audit.membership.difference import difference
from doppelscan.audit.membership.looks import looks_of, span_of
from doppelscan.audit.membership.roles import Roles, Targets, cast, opened
from doppelscan.audit.membership.settings import MembershipSettings
from doppelscan.audit.records import described, versions
from doppelscan.errors import InputError, Problem
from doppelscan.findings.membership import Membership, write_membership
from doppelscan.generators import Model
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.together import Opener, Source
from doppelscan.settings import Resources
from doppelscan.workers import Progress, processes_kept, silent

__all__ = ["membership"]


def membership(  # noqa: PLR0913 - settings of one call, by keyword
    *,
    train: Source,
    holdout: Source,
    synthetic: Source | None = None,
    model: Model | str | Path | None = None,
    settings: MembershipSettings | None = None,
    out: Path | None = None,
    patient_pattern: str | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Membership:
    """What a model, or its samples, give away of who was trained on.

    First a classifier that sees no model tries to tell training from held-out images: where it can, attacks are still
    tried, but nothing is concluded of the model. What the model was asked is kept in the cache: after an
    interruption the same call goes on.

    Parameters
    ----------
    train, holdout
        The images that the model was trained on, and real images of patients that it never saw, from the same
        source: ImageSets, or what `open_images` opens.
    synthetic, model
        Images that the model made; a diffusion model, or the folder that it was trained in. One of them, or both.
    out
        The folder for `membership.json` and `membership.parquet`; nothing is written if None.
    patient_pattern
        A regular expression that finds the patient in the id of an image.

    Raises
    ------
    InputError
        For everything that is wrong with the sets, or with the model, at once.
    """
    settings, resources = settings or MembershipSettings(), resources or Resources()
    if synthetic is None and model is None:
        raise InputError(Problem("there is nothing to attack", cure="give --synthetic, --model or both"))
    seen = _opened_model(model, resources)
    with processes_kept():
        opener = Opener(settings.preparation, patient_pattern, resources, progress)
        sets = opened(train, holdout, synthetic, settings=settings, opener=opener)
    _refuse_other_shape(sets["train"], seen)
    roles = cast(
        sets["train"], sets["holdout"], sets.get("synthetic"), settings=settings, resources=resources
    )
    notes = tuple(_notes(roles, seen, train))
    found, scores = _inferred(roles, seen, notes, settings, resources=resources, progress=progress)
    if out is not None:
        write_membership(out, found, scores)
    return found


def _inferred(
    roles: Roles,
    model: Model | None,
    notes: tuple[str, ...],
    settings: MembershipSettings,
    *,
    resources: Resources,
    progress: Progress,
) -> tuple[Membership, pd.DataFrame]:
    everybody = Targets((roles.train, roles.holdout))
    span = span_of(*everybody.sides, resources=resources)
    looks = [looks_of(images, span, resources).all for images in everybody.sides]
    apart, without_model = difference(
        np.concatenate(looks),
        everybody.member,
        everybody.patient,
        n_permutations=settings.n_permutations,
        seed=settings.seed,
    )
    scored = _attacked(roles, model, settings, resources, progress)
    found = concluded(roles, apart, scored, notes=notes, made_from=_made_from(roles, model, settings))
    return found, scores_table(everybody, without_model, roles.targets, scored)


def _attacked(
    roles: Roles, model: Model | None, settings: MembershipSettings, resources: Resources, progress: Progress
) -> tuple[Scored, ...]:
    """Every attack that can be made, the one that decides last."""
    samples = (
        ()
        if roles.synthetic is None
        else from_samples(roles, settings, resources=resources, progress=progress)
    )
    within = (
        () if model is None else from_model(roles, model, settings, resources=resources, progress=progress)
    )
    return (*samples, *within)


def _opened_model(model: Model | str | Path | None, resources: Resources) -> Model | None:
    """The model, if there is one and something diffuses in it."""
    if model is None:
        return None
    seen = model if isinstance(model, Model) else Model.open(model, device=resources.device)
    _ = seen.denoiser
    return seen


def _refuse_other_shape(train: ImageSet, model: Model | None) -> None:
    if model is None or model.description.subject.shape == train.shape:
        return
    needed, given = ("x".join(map(str, shape)) for shape in (model.description.subject.shape, train.shape))
    cure = "prepare them as for `doppelscan train`, or give --size and --channels as there"
    raise InputError(
        Problem(f"the model is of images {needed}, the sets are {given}", where=train.name, cure=cure)
    )


def _notes(roles: Roles, model: Model | None, train: Source) -> Iterator[str]:
    """What the model leaves open; it may have been fitted to the set as it was given, or as it is kept."""
    forms = (roles.train, train) if isinstance(train, ImageSet) else (roles.train,)
    known = {images.pixels.fingerprint for images in forms}
    if model is not None and model.description.trained_on.get("fingerprint") not in known:
        yield (
            "The model's record names other training images than those given: what is no training image, or is "
            "prepared otherwise, looks like no member."
        )
    if roles.synthetic is not None and len(roles.synthetic) < len(roles.train):
        yield (
            f"{len(roles.synthetic):,} samples were seen, fewer than there are training images "
            f"({len(roles.train):,}): more samples may give away more."
        )


def _made_from(roles: Roles, model: Model | None, settings: MembershipSettings) -> dict[str, Any]:
    sets = {"train": roles.train, "holdout": roles.holdout, "synthetic": roles.synthetic}
    return {
        "sets": {name: described(images) for name, images in sets.items() if images is not None},
        "model": None if model is None else _described(model),
        "settings": settings.to_json(),
        "versions": versions(),
    }


def _described(model: Model) -> dict[str, Any]:
    about = model.description
    return {
        "path": str(model.folder),
        "family": about.family,
        "fingerprint": model.fingerprint,
        "seen": model.checkpoint.seen,
        "trained_on": dict(about.trained_on),
    }
