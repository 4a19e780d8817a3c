"""What is asked of a measurement of utility: the grid, the classifier, what is compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from doppelscan.errors import InputError, Problem
from doppelscan.images.preparation import Preparation

__all__ = ["ALL", "CLASSIFIERS", "OUTCOMES", "UtilitySettings"]

ALL = 0  # as a number of real images per class: all there are
CLASSIFIERS = ("probe", "densenet", "resnet", "efficientnet", "efficientnetv2-m")
OUTCOMES = ("accuracy", "top3_accuracy", "balanced_accuracy", "auroc", "auprc", "calibration_error")


@dataclass(frozen=True)
class UtilitySettings:
    """How utility is measured.

    Attributes
    ----------
    real_per_class
        How many real images of each class the classifier is granted; 0: all.
    synthetic_per_real
        How many synthetic images join each real one of the same class; 0 is always among them.
    n_seeds
        How often each cell is repeated, with other granted patients and other synthetic images.
    classifier
        `probe`, a linear one on the vectors of a frozen encoder; or a network that is trained whole.
    encoder
        Of the probe: `random` (convolutions nobody trained), `pixels`, `contrastive` (trained on the real
        images, without their labels), a safetensors file of EfficientNetV2-M, or the file or folder of other
        pretrained weights.
    weights
        A safetensors file that the network starts from; None: from random numbers.
    effort
        How long the contrastive encoder trains.
    steps
        Optimiser steps of a network: the same in every cell.
    augmented
        Whether the control of standard augmentation is among the arms.
    synthetic_alone
        Whether the classifier is also trained on synthetic images alone, and on real ones to be tested on synthetic.
    groups
        Columns of the test set by which outcomes are told apart, such as `skin_tone`.
    outcome
        What arms are compared by.
    n_draws
        Draws of patients and seeds behind the intervals.
    """

    real_per_class: tuple[int, ...] = (1, 8, 16, 32, 64, 128, 228, ALL)
    synthetic_per_real: tuple[int, ...] = (1, 2, 5, 10, 25, 50, 75)
    n_seeds: int = 5
    classifier: str = "probe"
    encoder: str = "random"
    weights: str | None = None
    effort: Literal["quick", "standard", "thorough"] = "quick"
    steps: int = 300
    augmented: bool = True
    synthetic_alone: bool = True
    groups: tuple[str, ...] = ()
    outcome: str = "balanced_accuracy"
    n_draws: int = 400
    preparation: Preparation = field(default_factory=Preparation)
    seed: int = 0

    def __post_init__(self) -> None:
        if problems := [problem for fine, problem in self._checks() if not fine]:
            raise InputError(problems)

    def _checks(self) -> list[tuple[bool, Problem]]:
        sizes, ratios = self.real_per_class, self.synthetic_per_real
        known, outcomes = ", ".join(CLASSIFIERS), ", ".join(OUTCOMES)
        return [
            (_rising(sizes), Problem(f"{list(sizes)}", "real_per_class", "whole numbers from 0, each once")),
            (
                _rising(ratios),
                Problem(f"{list(ratios)}", "synthetic_per_real", "whole numbers from 0, each once"),
            ),
            (
                max(ratios, default=1) > 0,
                Problem(f"{list(ratios)}", "synthetic_per_real", "at least one number above 0"),
            ),
            (self.n_seeds >= 1, Problem(f"{self.n_seeds} seeds", "n_seeds", "give at least 1")),
            (self.steps >= 1, Problem(f"{self.steps} steps", "steps", "give at least 1")),
            (self.n_draws >= 20, Problem(f"{self.n_draws} draws", "n_draws", "give at least 20")),
            (
                self.classifier in CLASSIFIERS,
                Problem(f"{self.classifier!r}", "classifier", f"one of {known}"),
            ),
            (self.outcome in OUTCOMES, Problem(f"{self.outcome!r}", "outcome", f"one of {outcomes}")),
        ]

    @property
    def ratios(self) -> tuple[int, ...]:
        """Synthetic images per real one, none left out."""
        return tuple(sorted({*self.synthetic_per_real} - {0}))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"preparation": self.preparation.to_json()}


def _rising(numbers: tuple[int, ...]) -> bool:
    return len(numbers) > 0 and min(numbers) >= 0 and len(set(numbers)) == len(numbers)
