"""What a user may choose about a measurement of power."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast, get_args

from doppelscan.audit.settings import AuditSettings, Method
from doppelscan.encoders.contrastive.settings import Effort
from doppelscan.errors import InputError, Problem
from doppelscan.images.changes import Change, lists_of
from doppelscan.images.preparation import Preparation

__all__ = ["Graded", "PowerSettings"]

_STRONGEST = 4.0  # a third of a turn and a shift by a quarter of the image

Graded = tuple[Change, float | None]


@dataclass(frozen=True)
class PowerSettings:
    """The settings of one measurement of power.

    Attributes
    ----------
    methods
        The methods measured, on the same planted copies; `encoder` and `effort` as for an audit.
    transforms
        What is planted: lists (`standard`, `hard`, `parts`), or names of single transforms.
    strengths
        At which fractions of the listed strength; a change without degrees is planted once.
    preparation
        What is done to every image first.
    n_patients
        Patients whose images are planted, in each arm: 100 by default, and 40 where each pair is aligned.
    """

    methods: tuple[str, ...] = ("pearson",)
    transforms: tuple[str, ...] = ("standard",)
    strengths: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0)
    encoder: str = "default"
    effort: Effort = "standard"
    preparation: Preparation = field(default_factory=Preparation)
    n_patients: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if problems := list(self._problems()):
            raise InputError(problems)

    @property
    def n_planted(self) -> int:
        """Patients whose images are planted, in each arm."""
        return self.n_patients or min(self.audit(method).n_planted for method in self.methods)

    def audit(self, method: str) -> AuditSettings:
        """The settings of an audit by one of the methods."""
        return AuditSettings(
            method=cast("Method", method),
            encoder=self.encoder,
            effort=self.effort,
            preparation=self.preparation,
            seed=self.seed,
        )

    @property
    def with_encoder(self) -> AuditSettings:
        """The settings of an audit by a method with an encoder, if one is measured."""
        return self.audit(max(self.methods, key=lambda method: method != "pearson"))

    @property
    def changes(self) -> Mapping[str, tuple[Graded, ...]]:
        """What is planted, by list: each change at each strength, and that strength as a fraction of the listed one.

        The fraction is None where a change has no degrees.
        """
        return {name: tuple(self._graded(changes)) for name, changes in lists_of(self.transforms).items()}

    def to_json(self) -> dict[str, Any]:
        """Plain values, all of them."""
        lists = {name: list(getattr(self, name)) for name in ("methods", "transforms", "strengths")}
        prepared = {"preparation": self.preparation.to_json(), "n_patients": self.n_planted}
        return asdict(self) | lists | prepared

    def _graded(self, changes: tuple[Change, ...]) -> Iterator[Graded]:
        for change in changes:
            if change.graded:
                yield from ((change.at(fraction), fraction) for fraction in self.strengths)
            else:
                yield change, None

    def _problems(self) -> Iterator[Problem]:
        known = get_args(Method)
        for method in self.methods:
            if method not in known:
                yield Problem(f"{method!r} is none of {', '.join(known)}", where="--method")
        for name, option in (
            ("methods", "--method"),
            ("transforms", "--transforms"),
            ("strengths", "--strength"),
        ):
            chosen = getattr(self, name)
            if len(set(chosen)) != len(chosen) or not chosen:
                yield Problem("each is given once, and one at least", where=option)
        for strength in self.strengths:
            if not 0 < strength <= _STRONGEST:
                what = f"a strength lies above 0 and at most at {_STRONGEST:g}, not at {strength:g}"
                yield Problem(what, "--strength", "1 is the listed strength")
        if self.n_patients is not None and self.n_patients < 2:
            yield Problem(
                f"of {self.n_patients} patients nothing can be told", "--patients", "give at least 2"
            )
        try:
            lists_of(self.transforms)
        except InputError as error:
            yield from error.problems
