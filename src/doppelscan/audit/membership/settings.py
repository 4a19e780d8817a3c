"""What a user may choose about membership inference."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, get_args

from doppelscan.audit.settings import AuditSettings
from doppelscan.encoders.contrastive.settings import Effort, Preset
from doppelscan.errors import InputError, Problem
from doppelscan.images.preparation import Preparation

__all__ = ["MembershipSettings"]

_LEAST = {"n_patients": 10, "n_levels": 1, "n_draws": 1, "n_permutations": 99}


@dataclass(frozen=True)
class MembershipSettings:
    """The settings of one inference.

    Attributes
    ----------
    encoder
        Whose vectors samples are compared in besides pixels: a preset of the one that is trained on the synthetic
        images, or the file or folder of a pretrained one. None: pixels only. It never sees a real image: one that
        was trained on the training set would itself tell members apart.
    effort
        How long such an encoder trains.
    reference
        The share of the held-out patients who are compared with, and so not attacked.
    n_patients
        At most so many patients of each set are attacked, drawn by `seed`.
    n_levels, n_draws
        Levels of noise at which a diffusion model is asked, and draws of noise at each.
    n_permutations
        Exchanges of sides behind the p-value of the sets' difference.
    preparation
        What is done to every image of all sets first.
    """

    encoder: str | None = None
    effort: Effort = "standard"
    reference: float = 1 / 3
    n_patients: int = 2000
    n_levels: int = 8
    n_draws: int = 4
    n_permutations: int = 499
    preparation: Preparation = field(default_factory=Preparation)
    seed: int = 0

    def __post_init__(self) -> None:
        problems = [
            Problem(f"is {getattr(self, name)}", where=name, cure=f"at least {least}")
            for name, least in _LEAST.items()
            if getattr(self, name) < least
        ]
        if self.effort not in get_args(Effort):
            problems.append(Problem(f"{self.effort!r} is none of {', '.join(get_args(Effort))}", "--effort"))
        if not 0 < self.reference < 1:
            problems.append(Problem(f"is {self.reference:g}", where="reference", cure="between 0 and 1"))
        if problems:
            raise InputError(problems)

    @property
    def preset(self) -> Preset | None:
        """How an encoder is trained; None where none is."""
        return next((preset for preset in get_args(Preset) if preset == self.encoder), None)

    @property
    def audit(self) -> AuditSettings:
        """What an audit with this encoder would be told."""
        if self.encoder is None:
            return AuditSettings(method="pearson", preparation=self.preparation, seed=self.seed)
        return AuditSettings(
            method="contrastive", encoder=self.encoder, preparation=self.preparation, seed=self.seed
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, all of them."""
        return asdict(self) | {"preparation": self.preparation.to_json()}
