"""What a user may choose about an audit."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from doppelscan.encoders.contrastive.settings import Effort, Preset
from doppelscan.errors import InputError, Problem
from doppelscan.images.preparation import Preparation

__all__ = ["LEAST_TO_LEARN", "AuditSettings", "Calibration", "Method"]

LEAST_TO_LEARN = 4  # held-out patients where an encoder is trained: two to learn from, two for the null

Method = Literal["pearson", "contrastive", "registered"]
Calibration = Literal["conformal", "dar", "fixed"]

_CHOICES = {
    "method": get_args(Method),
    "effort": get_args(Effort),
    "calibration": get_args(Calibration),
}


@dataclass(frozen=True)
class AuditSettings:
    """The settings of one audit.

    Attributes
    ----------
    method
        How pairs are scored: `pearson`, the correlation of pixels (paper A); `contrastive`, that of vectors
        from an encoder trained on the training set and half of the held-out patients (after paper B);
        `registered`, all kinds of evidence together: pixels from near and far in every pose, recognisable points,
        parts, and, for volumes, how well two images agree once they are aligned.
    encoder
        For methods with an encoder: the preset of the one that is trained, `dar` being that of paper B; or
        the file, the folder or the name in the hub's cache of a pretrained one, which learns nothing.
    effort
        How long an encoder trains; for `registered` also how many patients join the null and are planted.
    calibration
        `conformal`: p-values by patient and a false discovery rate. `dar`: paper B's threshold, the 95th
        percentile over training images of the best correlation with a held-out image. `fixed`: `threshold`.
    threshold
        The score above which an image is called a copy, for `fixed` only.
    fdr
        The share of false ones allowed among the flagged images.
    preparation
        What is done to every image of all sets first.
    n_matches
        Training images kept for each synthetic one, most similar first.
    n_controls
        Patients whose images are planted, in each arm of the controls: 100 by default, and 40 (quick: 20) for
        `registered`.
    n_null_patients
        At most so many training patients join the null, drawn by `seed`: 5,000 by default, and 500 (quick: 200)
        for `registered`.
    n_draws
        Bootstrap draws of the null's patients behind the intervals.
    """

    method: Method = "registered"
    encoder: str = "default"
    effort: Effort = "standard"
    calibration: Calibration = "conformal"
    threshold: float | None = None
    fdr: float = 0.05
    preparation: Preparation = field(default_factory=Preparation)
    n_matches: int = 3
    n_controls: int | None = None
    n_null_patients: int | None = None
    n_draws: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        problems = [Problem(*row) for row in self._problems()]
        if problems:
            raise InputError(problems)

    @property
    def n_planted(self) -> int:
        """Patients whose images are planted, in each arm of the controls."""
        if self.n_controls is not None:
            return self.n_controls
        if self.method != "registered":
            return 100
        return 20 if self.effort == "quick" else 40

    @property
    def n_null(self) -> int:
        """At most so many training patients join the null."""
        if self.n_null_patients is not None:
            return self.n_null_patients
        if self.method != "registered":
            return 5000
        return 200 if self.effort == "quick" else 500

    @property
    def preset(self) -> Preset | None:
        """How an encoder is trained on the images; None where none is."""
        trained = (preset for preset in get_args(Preset) if preset == self.encoder)
        return None if self.method == "pearson" else next(trained, None)

    @property
    def pretrained(self) -> str | None:
        """The pretrained encoder; None where there is none."""
        return None if self.method == "pearson" or self.preset else self.encoder

    def to_json(self) -> dict[str, Any]:
        """Plain values, all of them."""
        chosen = {"n_controls": self.n_planted, "n_null_patients": self.n_null}
        return asdict(self) | {"preparation": self.preparation.to_json()} | chosen

    def _problems(self) -> list[tuple[str, str]]:
        problems = []
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                problems.append((f"{getattr(self, name)!r} is none of {', '.join(known)}", f"--{name}"))
        if not 0 < self.fdr < 1:
            problems.append((f"a false discovery rate lies between 0 and 1, not at {self.fdr:g}", "--fdr"))
        if (self.calibration == "fixed") != (self.threshold is not None):
            problems.append(
                ("a threshold goes with the calibration `fixed`, and only with it", "--threshold")
            )
        if (self.method, self.calibration) == ("registered", "dar"):
            problems.append(
                (
                    "the calibration `dar` is a threshold on correlation; choose the method pearson or contrastive",
                    "--calibration",
                )
            )
        if self.threshold is not None and not -1 < self.threshold < 1:
            problems.append(
                (
                    f"a threshold on correlation lies between -1 and 1, not at {self.threshold:g}",
                    "--threshold",
                )
            )
        return problems
