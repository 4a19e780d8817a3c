"""What a user may choose about a measurement of quality."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

from doppelscan.encoders.contrastive.settings import Effort
from doppelscan.errors import InputError, Problem
from doppelscan.images.preparation import Preparation

__all__ = ["QualitySettings"]

_OWN = ("contrastive", "pixels")


@dataclass(frozen=True)
class QualitySettings:
    """The settings of one measurement of quality.

    Attributes
    ----------
    encoder
        Whose vectors are compared: `contrastive`, of a network trained on the user's own real images; `pixels`,
        the images themselves made small; or the file, the folder or the name in the hub's cache of a
        pretrained one (a `.pth` or `.safetensors` file is the Inception of the FID literature).
    effort
        How long the contrastive encoder trains.
    preparation
        What is done to every image of all sets first.
    n_draws
        Draws of halves behind the intervals.
    n_pairs
        Pairs of images of each set, at most, whose structure is compared.
    """

    encoder: str = "contrastive"
    effort: Effort = "quick"
    preparation: Preparation = field(default_factory=Preparation)
    n_draws: int = 50
    n_pairs: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        if problems := list(self._problems()):
            raise InputError(problems)

    @property
    def pretrained(self) -> str | None:
        """The pretrained encoder; None where there is none."""
        return None if self.encoder in _OWN else self.encoder

    @property
    def encoder_name(self) -> str:
        """What it is called in results: the last part of a path."""
        return Path(self.encoder).name

    @property
    def is_inception(self) -> bool:
        """Whether it is the Inception of the FID literature: a file of weights alone."""
        return self.pretrained is not None and Path(self.encoder).suffix in {".pth", ".safetensors"}

    def to_json(self) -> dict[str, Any]:
        """Plain values, all of them."""
        return asdict(self) | {"preparation": self.preparation.to_json()}

    def _problems(self) -> Iterator[Problem]:
        if self.effort not in get_args(Effort):
            yield Problem(f"{self.effort!r} is none of {', '.join(get_args(Effort))}", where="--effort")
        if self.n_draws < 2:
            what = f"{self.n_draws} draws give no interval"
            yield Problem(what, where="--draws", cure="give at least 2; 50 is usual")
        if self.n_pairs < 2:
            yield Problem(f"{self.n_pairs} pairs give no interval", where="--pairs", cure="give at least 2")
