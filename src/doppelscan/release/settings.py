"""What may be chosen about a release: its form, what is said of it, how much may be wrong, and what is let pass."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from doppelscan.errors import InputError, Problem

__all__ = ["REASONS", "About", "Form", "Limits", "ReleaseSettings"]

Form = Literal["png", "png16", "nifti", "npz"]

REASONS = {
    "copied_share": "the audit found more copies than the limit allows",
    "patients_exposed": "the audit found more patients exposed than the limit allows",
    "power": "the audit finds too few of its own planted copies",
    "stale_audit": "a set is not, or cannot be shown to be, the one that was audited",
    "other_images": "a further measurement is not, or cannot be shown to be, of the audited images",
    "no_holdout": "no held-out patients, so a copy cannot be told from an image that resembles everything",
    "identity_errors": "one person may stand under two names in the real images",
    "derived_images": "images were made from real ones: what was kept of these shows patients",
    "unreviewed": "suspicious pairs that nobody has looked at",
    "blind_readers": "suspicious pairs that only readers have looked at who let known copies pass",
    "unreadable": "files that could not be read, hence were not audited",
    "licence": "nothing says under which licence the images may be used",
    "training_licence": "nothing says under which licence, or on what ground, the training images were used",
    "burnt_in_text": "images that seem to hold text",
    "identifiers": "something looks like a date, a path, an address, a name or an identifier",
    "leak_untested": "the leak test could not be made, for want of the training images",
    "leak": "something of the training set is in the folder",
}
"""Why a release is blocked; all but `leak` can be let pass, with a why."""

_NEVER_ALLOWED = {"leak"}


@dataclass(frozen=True)
class About:
    """What the owner says of the release; all of it is published.

    Attributes
    ----------
    title, creators
        What it is called, and who made it.
    licence, training_licence
        Under which licence the images may be used, and the training images were. Known ones by their SPDX name or URL.
    generator
        What made the images, in words.
    published
        YYYY-MM-DD; today if None.
    """

    title: str = "Synthetic medical images"
    creators: tuple[str, ...] = ()
    licence: str | None = None
    training_licence: str | None = None
    generator: str | None = None
    published: str | None = None

    def __post_init__(self) -> None:
        problems = []
        if not self.title.strip():
            problems.append(Problem("is empty", where="--title"))
        if self.published is not None and not _is_date(self.published):
            problems.append(
                Problem(f"is {self.published!r}", where="--published", cure="write it as 2026-11-21")
            )
        if problems:
            raise InputError(problems)

    @property
    def date(self) -> str:
        """When it is published."""
        return self.published or datetime.datetime.now(datetime.UTC).date().isoformat()


@dataclass(frozen=True)
class Limits:
    """How much may be wrong with an audit whose images are released.

    Attributes
    ----------
    max_copied
        The upper end of the interval of `copied` may be so much.
    max_exposed
        So many patients may be exposed by images that are then withheld.
    min_power
        The lower end of the interval of `power` must be so much.
    review_top
        Of the released images, the so many most suspicious must have been looked at.
    """

    max_copied: float = 0.05
    max_exposed: int = 0
    min_power: float = 0.5
    review_top: int = 20

    def __post_init__(self) -> None:
        if problems := list(self._problems()):
            raise InputError(problems)

    def _problems(self) -> Iterator[Problem]:
        for name in ("max_copied", "min_power"):
            if not 0 <= getattr(self, name) <= 1:
                yield Problem(f"{getattr(self, name):g} is no share", where=_option(name), cure="0 to 1")
        for name in ("max_exposed", "review_top"):
            if getattr(self, name) < 0:
                yield Problem(f"{getattr(self, name)} is below 0", where=_option(name))


@dataclass(frozen=True)
class ReleaseSettings:
    """All choices of a release.

    Attributes
    ----------
    form
        How images are kept: `png` (8 bits), `png16`, `nifti` (one .nii.gz an image), `npz` (one file,
        MedMNIST's layout).
    groups
        Columns of the synthetic set that are published beside the label. No other column leaves the house.
    margin
        Withhold also what comes so near the threshold of the audit, in units of its statistic; None: only what is
        flagged.
    allow
        Reasons that are let pass, each with a why that is published.
    """

    form: Form = "png"
    about: About = field(default_factory=About)
    limits: Limits = field(default_factory=Limits)
    groups: tuple[str, ...] = ()
    margin: float | None = None
    allow: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if problems := list(self._problems()):
            raise InputError(problems)

    def _problems(self) -> Iterator[Problem]:
        if self.form not in get_args(Form):
            yield Problem(f"{self.form!r} is no format", where="--format", cure=", ".join(get_args(Form)))
        if self.margin is not None and not (math.isfinite(self.margin) and self.margin >= 0):
            yield Problem(f"{self.margin:g} is no margin", where="--margin", cure="0 or more")
        for name in self.groups:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in _OWN_COLUMNS:
                yield Problem(f"{name!r} cannot be published", where="--group", cure="letters, digits, _")
        yield from self._wrongly_allowed()

    def _wrongly_allowed(self) -> Iterator[Problem]:
        for name, why in self.allow.items():
            if name in _NEVER_ALLOWED:
                yield Problem(f"{name!r} is never let pass", where="--allow", cure="remove what was found")
            elif name not in REASONS:
                known = ", ".join(sorted(set(REASONS) - _NEVER_ALLOWED))
                yield Problem(f"there is no reason {name!r}", where="--allow", cure=f"one of {known}")
            elif not why.strip():
                yield Problem(f"{name!r} has no why", where="--allow", cure=f"write {name}='the why'")


_OWN_COLUMNS = frozenset({"id", "file", "index", "patient", "study", "label", "seed", "source_id", "prompt"})


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
