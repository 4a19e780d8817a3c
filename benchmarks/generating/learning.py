"""What is learnt in so many seconds of processors? By `ddpm`, and by denoising-diffusion-pytorch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from doppelscan.generators import Drawing, family_of
from doppelscan.generators.ddpm import DdpmSettings
from doppelscan.generators.description import Description
from doppelscan.generators.drawing import at_once, drawn
from doppelscan.generators.engine import Lesson, training
from doppelscan.generators.examples import examples_of
from doppelscan.generators.learner import Learner
from doppelscan.generators.team import Team
from doppelscan.generators.wanted import Wanted
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.settings import Resources

__all__ = ["CPU", "Ours", "Theirs", "beginner", "lesson_on", "peer", "peer_trained", "trained"]

T = TypeVar("T")
CPU = torch.device("cpu")
ALONE = Team(0, 1, CPU)


@dataclass(frozen=True, eq=False)
class Ours:
    """A model that was trained for a while."""

    about: Description
    learner: Learner

    def draw(self, n: int, options: Drawing | None = None) -> np.ndarray:
        """Images of the seeds from 0 on."""
        seeds, labels = np.arange(n), np.full(n, -1)
        return drawn(
            self.about,
            self.learner.averaged,
            Wanted(seeds, labels),
            options=options or Drawing(),
            device=CPU,
            size=at_once(self.about.subject, CPU),
        )


@dataclass(frozen=True, eq=False)
class Theirs:
    """The peer's model and its moving average."""

    diffusion: nn.Module
    average: nn.Module

    @torch.inference_mode()
    def draw(self, n: int) -> np.ndarray:
        """Images drawn by its own sampler, DDIM in 50 steps."""
        parts = [self.average.ema_model.sample(min(16, n - start)) for start in range(0, n, 16)]
        return (torch.cat(parts) * 255).round().to(torch.uint8).numpy()


def beginner(images: ImageSet, settings: DdpmSettings) -> tuple[Description, Learner]:
    """A model of these images at its first step."""
    endless = replace(settings, training=replace(settings.training, n_images=2**40))
    resources = Resources(device="cpu")
    about = Description.of(images, endless, holdout=None, seed=0, resources=resources)
    return about, Learner.new(family_of(endless), 0, endless, about.subject, seed=0, device=CPU)


def lesson_on(images: ImageSet, about: Description) -> Lesson:
    """All of the images, in memory."""
    examples = examples_of(images, about.intensities, CPU, resources=Resources(device="cpu"))
    return Lesson(examples, np.full(len(images), -1), seed=0)


def trained(films: np.ndarray, settings: DdpmSettings, seconds: float) -> Ours:
    """Our model, trained until so many seconds of processors are spent."""
    images = ImageSet.from_arrays(films)
    about, learner = beginner(images, settings)
    for _ in _until(seconds, training(learner, lesson_on(images, about), ALONE)):
        pass
    return Ours(about, learner)


def peer_trained(films: np.ndarray, learning_rate: float, seconds: float) -> Theirs:
    """The peer's model, trained until so many seconds of processors are spent.

    Its U-Net is as its manual has it but for fewer channels, and the learning rate is ours: both let it learn
    more in little time. Its trainer's batch, Adam, clipping and moving average stay. Its films lie in memory,
    and are not mirrored.
    """
    model = peer(films.shape[-1], films.shape[1])
    optimizer = torch.optim.Adam(model.diffusion.parameters(), lr=learning_rate, betas=(0.9, 0.99))
    for batch in _until(seconds, _batches(films, 16)):
        model.diffusion(batch).backward()
        torch.nn.utils.clip_grad_norm_(model.diffusion.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        model.average.update()
    return model


def peer(side: int, n_channels: int) -> Theirs:
    """The peer's model at its first step."""
    from denoising_diffusion_pytorch.denoising_diffusion_pytorch import GaussianDiffusion, Unet
    from ema_pytorch import EMA

    torch.manual_seed(0)
    unet = Unet(dim=32, dim_mults=(1, 2, 4), channels=n_channels, flash_attn=True)
    diffusion = GaussianDiffusion(unet, image_size=side, sampling_timesteps=50)
    return Theirs(diffusion, EMA(diffusion, beta=0.995, update_every=10))


def _until(seconds: float, steps: Iterator[T]) -> Iterator[T]:
    """The steps, until so many seconds of processors are spent."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        yield next(steps)


def _batches(films: np.ndarray, size: int) -> Iterator[torch.Tensor]:
    """Films in [0, 1], in a new order in each epoch."""
    values = torch.from_numpy(films)
    for epoch in range(2**40):
        order = stream(0, "order", epoch).permutation(len(films))
        for start in range(0, len(films) - size + 1, size):
            yield values[order[start : start + size]] / 255
