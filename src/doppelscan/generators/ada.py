"""How much augmentation does a discriminator need? As much as keeps it from knowing the training images by heart.

Karras et al., "Training generative adversarial networks with limited data", NeurIPS 2020, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import nn

from doppelscan.errors import InputError, Problem
from doppelscan.generators.ada_transforms import GROUPS, augmented

__all__ = ["Adaptation", "Adaptive"]


@dataclass(frozen=True)
class Adaptation:
    """How the probability p of each augmentation follows the discriminator.

    Attributes
    ----------
    groups
        What is done to images: any of `blit`, `geometry`, `colour`; none of them is no augmentation.
    target
        The r_t to keep: the mean sign of the discriminator's logits of real images, 0 where it knows nothing, 1
        where it knows them all.
    ramp
        Real images that p needs to rise from 0 to 1.
    every
        Real images after which p moves.
    highest
        Where p ends; above 0.8 augmentations begin to leak into what is drawn (section 2.2).
    start
        Where p begins.
    """

    groups: tuple[str, ...] = GROUPS
    target: float = 0.6
    ramp: int = 500_000
    every: int = 128
    highest: float = 0.8
    start: float = 0.0

    def __post_init__(self) -> None:
        problems = [
            Problem(f"{name!r} is none", where="groups", cure=f"any of {', '.join(GROUPS)}")
            for name in self.groups
            if name not in GROUPS
        ]
        for name, low, high in (("target", -1, 1), ("highest", 0, 1), ("start", 0, self.highest)):
            if not low <= (value := getattr(self, name)) <= high:
                problems.append(Problem(f"is {value}", where=name, cure=f"between {low} and {high}"))
        problems += [
            Problem(f"is {count}", where=name, cure="at least 1")
            for name in ("ramp", "every")
            if (count := getattr(self, name)) < 1
        ]
        if problems:
            raise InputError(problems)


class Adaptive(nn.Module):
    """Augmentation of real and drawn images alike, whose strength p is raised while r_t is above its target.

    All that it remembers are buffers, those of real numbers such that their means over processes are meant too.
    """

    p: torch.Tensor
    overfitting: torch.Tensor
    signs: torch.Tensor
    counted: torch.Tensor
    moved_at: torch.Tensor

    def __init__(self, adaptation: Adaptation) -> None:
        super().__init__()
        self.adaptation = adaptation
        self.register_buffer("p", torch.tensor(adaptation.start))
        self.register_buffer("overfitting", torch.tensor(0.0))
        self.register_buffer("signs", torch.tensor(0.0))
        self.register_buffer("counted", torch.tensor(0.0))
        self.register_buffer("moved_at", torch.tensor(0))

    def forward(self, images: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c h w"]:
        """The images, augmented with p."""
        return augmented(images, self.p, self.adaptation.groups) if self.adaptation.groups else images

    @torch.no_grad()
    def learn(self, logits: Float[torch.Tensor, " n"], seen: int) -> None:
        """Move p if `every` images were seen since it last moved; then count the signs of these logits of real images.

        r_t = E[sign(D_train)] (equation 1); p rises or falls by the images seen since, as a share of `ramp`.
        """
        since = seen - self.moved_at
        due = since >= self.adaptation.every
        r = self.signs / self.counted.clamp(min=1)
        step = (r - self.adaptation.target).sign() * since / self.adaptation.ramp
        self.p.copy_(torch.where(due, (self.p + step).clamp(0, self.adaptation.highest), self.p))
        self.overfitting.copy_(torch.where(due, r, self.overfitting))
        self.moved_at.copy_(torch.where(due, seen, self.moved_at))
        self.signs.copy_(self.signs * ~due + logits.sign().sum())
        self.counted.copy_(self.counted * ~due + len(logits))
