"""How is diffusion kept away from the images it was trained on? While it draws, by what it foresees.

After Chen et al. 2024 (Towards memorization-free diffusion models), with a limit that is measured instead of set: at
each step of drawing the network foresees a finished image. Where that correlates with a training image more than
what it foresees of held-out images does, at the same noise, it is turned away to the limit, along the shortest way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64

from doppelscan.errors import InputError, Problem
from doppelscan.generators import Drawing, Model
from doppelscan.generators.chance import seeded
from doppelscan.generators.ddpm.drawing import foreseen, scheduler_of
from doppelscan.generators.ddpm.settings import DdpmSettings
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.store import fingerprint
from doppelscan.workers import Progress, counted, silent

__all__ = ["Apart", "turned_away"]

_QUANTILE = 0.95  # of held-out patients, at each step
_HELD_OUT = 128  # patients whose images set the limit
_TURNS = 8  # away from one training image it may come to lie near the next


@dataclass(frozen=True, eq=False)
class Apart:
    """A guide that keeps samples as far from the training images as held-out images are.

    Attributes
    ----------
    references
        The training images, centred, of unit length.
    limits
        The largest correlation with any of them, by step of the schedule.
    """

    references: Float[torch.Tensor, "n d"]
    limits: Mapping[int, float]

    @staticmethod
    def of(
        model: Model,
        train: ImageSet,
        holdout: ImageSet,
        options: Drawing | None = None,
        *,
        progress: Progress = silent,
    ) -> Apart:
        """The guide for drawing from this model with these options.

        Raises
        ------
        InputError
            If the model is not diffusion of pixels, or the sets are not of its images' shape.
        """
        settings, options = model.description.settings, options or Drawing()
        problems = [
            Problem(f"images of {one.shape}, not {model.description.subject.shape}", where=one.name)
            for one in (train, holdout)
            if one.shape != model.description.subject.shape
        ]
        if not isinstance(settings, DdpmSettings):
            problems.append(Problem(f"{model.description.family} follows no guide", cure="ddpm does"))
        if problems:
            raise InputError(problems)
        assert isinstance(settings, DdpmSettings), "just asked"
        references = _directions(_scaled(model, train))[0]
        seen = _scaled(model, holdout.take(_one_of_each(holdout)))
        scheduler = scheduler_of(settings, options.sampler or settings.sampler, options.steps)
        steps = [int(t) for t in scheduler.timesteps]
        limits = {
            t: _limit(_foreseen(model, settings, scheduler, seen, t), references)
            for t in counted(steps, "measuring how near held-out images come", len(steps), progress)
        }
        return Apart(references, limits)

    @cached_property
    def fingerprint(self) -> str:
        """What tells its guidance from all others'."""
        return fingerprint([self.references.cpu().numpy().tobytes().hex(), sorted(self.limits.items())])

    def __call__(
        self, expected: Float[torch.Tensor, "n c *space"], t: int
    ) -> Float[torch.Tensor, "n c *space"]:
        """The images, those that come too near turned away."""
        return turned_away(expected, self.references, self.limits[t])


def turned_away(
    images: Float[torch.Tensor, "n c *space"], references: Float[torch.Tensor, "m d"], limit: float
) -> Float[torch.Tensor, "n c *space"]:
    """Each image turned just so far that it correlates with no reference above the limit.

    Mean and deviation of its pixels stay. An image below the limit is returned as it is. Turning an image away from
    one reference may bring it near another; after `_TURNS` of them it is left where it is.
    """
    for _ in range(_TURNS):
        units, mean, length = _directions(images)
        best, which = (units @ references.T).max(dim=1)
        near = best > limit
        if not bool(near.any()):
            break
        nearest = references[which]
        aside = units - best[:, None] * nearest
        aside = aside / aside.norm(dim=1, keepdim=True).clamp_min(1e-12)
        turned = mean + length * (limit * nearest + (1 - limit**2) ** 0.5 * aside)
        images = torch.where(near[:, None], turned, images.flatten(1)).view_as(images)
    return images


def _directions(
    images: Float[torch.Tensor, "n c *space"],
) -> tuple[Float[torch.Tensor, "n d"], Float[torch.Tensor, "n 1"], Float[torch.Tensor, "n 1"]]:
    """Centred images of unit length, their means and their lengths: an inner product is a correlation."""
    flat = images.flatten(1)
    mean = flat.mean(dim=1, keepdim=True)
    length = (flat - mean).norm(dim=1, keepdim=True)
    return (flat - mean) / length.clamp_min(1e-12), mean, length


def _one_of_each(images: ImageSet) -> Int64[np.ndarray, " n"]:
    """An image of each of at most `_HELD_OUT` patients, drawn."""
    patients = images.patients
    order = stream(0, "guide's patients").permutation(len(patients))
    _, first = np.unique(patients[order], return_index=True)
    chosen: Int64[np.ndarray, " n"] = order[np.sort(first)[:_HELD_OUT]]
    return chosen


def _scaled(model: Model, images: ImageSet) -> Float[torch.Tensor, "n c *space"]:
    """Images as the model sees them."""
    pixels = images.read(0, len(images))
    return model.description.intensities.scaled(pixels).to(model.device)


@torch.no_grad()
def _foreseen(
    model: Model, settings: DdpmSettings, scheduler: object, images: Float[torch.Tensor, "n c *space"], t: int
) -> Float[torch.Tensor, "n c *space"]:
    """What the model foresees of images at the noise of step t."""
    with seeded(model.device, 0, "guide", str(t)):
        noise = torch.randn_like(images)
    share = float(scheduler.alphas_cumprod[t])  # type: ignore[attr-defined]
    noised = share**0.5 * images + (1 - share) ** 0.5 * noise
    unknown = torch.full((len(images),), -1, device=model.device)
    at = torch.full((len(images),), t, device=model.device)
    parts = [
        model.networks["unet"](*(value[start : start + 32] for value in (noised, at, unknown))).float()
        for start in range(0, len(images), 32)
    ]
    said = torch.cat(parts)[:, : images.shape[1]]
    return foreseen(settings, scheduler, said, noised, t)


def _limit(images: Float[torch.Tensor, "n c *space"], references: Float[torch.Tensor, "m d"]) -> float:
    """The correlation with its nearest reference that few of these images exceed."""
    best: Float64[np.ndarray, " n"] = (
        (_directions(images)[0] @ references.T).amax(dim=1).double().cpu().numpy()
    )
    return float(np.quantile(best, _QUANTILE))
