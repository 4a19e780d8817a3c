"""How long, in which batches and how fast is a network trained? Everything is counted in images seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar

from doppelscan.errors import InputError, Problem

__all__ = ["Augmentation", "Training", "lasting"]

Augmentation = Literal["none", "dar", "edm"]
S = TypeVar("S")


@dataclass(frozen=True)
class Training:
    """The schedule of one stage.

    Attributes
    ----------
    n_images
        Images seen in all, the same ones again in each epoch; 0: the model stays as it begins.
    epochs
        So many times the training images are seen, instead of `n_images` in all.
    batch
        Images in one step, of all processes together.
    at_once
        Images that one process holds at once; the rest of its share is accumulated. None: all of them.
    warm_up
        Images over which the learning rate rises from 0.
    decay
        Whether it falls along half a cosine to 0 afterwards.
    half_life
        Images after which a weight counts half in the moving average; at the start a twentieth of those seen.
    clip
        The largest norm of a player's gradient; None leaves it.
    precision
        `auto` is bfloat16 autocast where the device multiplies it in hardware, else float32.
    augmentation
        `dar`: each image flipped (p 0.5) and turned by up to 5 degrees (p 0.5), as paper B has it. `edm`: flips,
        turns, zooms and shifts (each p 0.12) that the network is told of, so that they do not leak into
        what it draws (Karras et al. 2022); families that condition on `Batch.augmentation` only.
    compile
        Whether networks are compiled by torch first: minutes at the start, faster steps on a GPU.
    """

    n_images: int
    batch: int = 32
    at_once: int | None = None
    warm_up: int = 0
    decay: Literal["none", "cosine"] = "none"
    half_life: int = 500_000
    clip: float | None = 1.0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    augmentation: Augmentation = "none"
    compile: bool = False
    epochs: int | None = None

    def __post_init__(self) -> None:
        least = {"n_images": 0, "epochs": 1, "batch": 1, "at_once": 1, "warm_up": 0, "half_life": 0}
        problems = [
            Problem(f"is {value}", where=name, cure=f"at least {low}")
            for name, low in least.items()
            if (value := getattr(self, name)) is not None and value < low
        ]
        if self.clip is not None and not self.clip > 0:
            problems.append(Problem(f"is {self.clip}", where="clip", cure="above 0, or none"))
        if problems:
            raise InputError(problems)

    @property
    def together(self) -> int:
        """Images that one process holds at once where it learns alone."""
        return self.at_once or self.batch

    @property
    def n_steps(self) -> int:
        """Steps in all; the last one is as large as the others."""
        return math.ceil(self.n_images / self.batch)

    def rate(self, seen: int) -> float:
        """The share of the learning rate at a step before which so many images were seen."""
        done = seen + self.batch
        rise = min(1.0, done / self.warm_up) if self.warm_up else 1.0
        if self.decay == "none":
            return rise
        share = max(0.0, seen - self.warm_up) / max(1, self.n_images - self.warm_up)
        return rise * (0.5 + 0.5 * math.cos(math.pi * min(1.0, share)))

    def keeping(self, seen: int) -> float:
        """The share of the moving average that stays at a step before which so many images were seen."""
        half_life = min(self.half_life, (seen + self.batch) / 20)
        return 0.5 ** (self.batch / half_life) if half_life > 0 else 0.0


def lasting(settings: S, n_images: int) -> S:
    """The settings, where so many images are trained on: each part that lasts `epochs` told in images seen."""
    if isinstance(settings, Training):
        return settings if settings.epochs is None else replace(settings, n_images=settings.epochs * n_images)
    parts: dict[str, Any] = {
        field.name: lasting(part, n_images)
        for field in fields(settings)  # type: ignore[arg-type]
        if is_dataclass(part := getattr(settings, field.name))
    }
    return replace(settings, **parts)  # type: ignore[type-var]
