"""How does an encoder learn? Step by step: two views of each image of a batch shall find each other."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float16, Int64
from torch import nn

from doppelscan.encoders.contrastive.augmentation import paper_view, strong_view
from doppelscan.encoders.contrastive.batches import batch_of
from doppelscan.encoders.contrastive.dice import Dice
from doppelscan.encoders.contrastive.inputs import scaled
from doppelscan.encoders.contrastive.networks import network_for
from doppelscan.encoders.contrastive.objective import nt_xent
from doppelscan.encoders.contrastive.settings import Recipe
from doppelscan.encoders.devices import has_fast_bfloat16
from doppelscan.seeds import stream

__all__ = ["Learner", "Lesson", "Step", "training"]

_VIEWS = {"strong": strong_view, "paper": paper_view}


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is learnt from: resized images, their patients, which of them are duplicates, and how."""

    images: Float16[torch.Tensor, "n c *space"]
    patients: Int64[np.ndarray, " n"]
    content: Int64[np.ndarray, " n"]
    recipe: Recipe
    seed: int

    @property
    def n_steps(self) -> int:
        """Steps of the whole training."""
        return self.recipe.n_steps(len(self.images))

    def batch(self, step: int) -> Int64[np.ndarray, " m"]:
        """The positions of the images of this step."""
        return batch_of(step, self.patients, self.recipe.n_batches(len(self.images)), self.seed)


@dataclass(eq=False)
class Learner:
    """A network at some step of its training, with all that its next step depends on."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    device: torch.device
    done: int = 0

    @staticmethod
    def new(lesson: Lesson, device: torch.device) -> Learner:
        """A network that has learnt nothing, its weights drawn by the lesson's seed."""
        n_channels, *space = lesson.images.shape[1:]
        with _seeded(torch.device("cpu"), lesson.seed, "weights"):
            network = network_for(lesson.recipe, n_channels, tuple(space))
        network = network.to(device)
        rate, decay = lesson.recipe.learning_rate, lesson.recipe.weight_decay
        return Learner(network, torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay), device)


@dataclass(frozen=True)
class Step:
    """One step of training: how many are done, of how many, and the loss of the batch."""

    done: int
    total: int
    loss: float


def training(learner: Learner, lesson: Lesson) -> Iterator[Step]:
    """The steps that are left; after each, `learner` is ready for the next."""
    while learner.done < lesson.n_steps:
        with torch.backends.cudnn.flags(enabled=True, deterministic=True):
            loss = _loss(learner, lesson)
            learner.optimizer.zero_grad()
            torch.autograd.backward(loss)
        for group in learner.optimizer.param_groups:
            group["lr"] = learning_rate(learner.done, lesson.n_steps, lesson.recipe)
        learner.optimizer.step()
        learner.done += 1
        yield Step(learner.done, lesson.n_steps, loss.item())


def learning_rate(step: int, n_steps: int, recipe: Recipe) -> float:
    """The rate of a step: a linear rise, then half a cosine from 1 down to `last_rate`, times the largest."""
    progress = (step + 0.5) / n_steps
    if progress < recipe.warm_up:
        return recipe.learning_rate * progress / recipe.warm_up
    left = 0.5 + 0.5 * math.cos(math.pi * (progress - recipe.warm_up) / (1 - recipe.warm_up))
    return recipe.learning_rate * (recipe.last_rate + (1 - recipe.last_rate) * left)


def _loss(learner: Learner, lesson: Lesson) -> Float[torch.Tensor, ""]:
    """The loss of two views of a batch: the images as they are, and a random view of each."""
    chosen, recipe = lesson.batch(learner.done), lesson.recipe
    images = lesson.images[chosen].to(learner.device).float()
    view = _VIEWS[recipe.views](images, Dice.of(lesson.seed, learner.done, images))
    both = scaled(torch.cat([images, view]), recipe.scaling)
    a, b = _vectors(learner, both, lesson.seed).chunk(2)
    content = torch.from_numpy(lesson.content[chosen]).to(learner.device)
    return nt_xent(a, b, content, recipe.temperature)


def _vectors(
    learner: Learner, images: Float[torch.Tensor, "n c *space"], seed: int
) -> Float[torch.Tensor, "n d"]:
    """What the network makes of a batch, in half precision where that is fast; dropout goes by the step."""
    half = has_fast_bfloat16(learner.device)
    with (
        _seeded(learner.device, seed, "dropout", learner.done),
        torch.autocast(learner.device.type, torch.bfloat16, enabled=half),
    ):
        vectors: torch.Tensor = learner.network.train()(images)
    return vectors


@contextlib.contextmanager
def _seeded(device: torch.device, seed: int, *names: str | int) -> Iterator[None]:
    """Until the block ends torch's own generators start from a named stream; then they are as before."""
    with torch.random.fork_rng([] if device.type == "cpu" else [device]):
        torch.manual_seed(int(stream(seed, *names).integers(2**63)))
        yield
