"""What happens beside the steps of a training? Curves, checkpoints, losses on both sides, grids of samples."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from doppelscan.errors import InputError, Problem
from doppelscan.generators.augmentation import n_conditions
from doppelscan.generators.chance import seeded
from doppelscan.generators.checkpoints import keep, prune
from doppelscan.generators.description import Description, labels_of
from doppelscan.generators.drawing import drawn
from doppelscan.generators.engine import Lesson, Step
from doppelscan.generators.examples import Examples, examples_of, made_of
from doppelscan.generators.journal import Journal
from doppelscan.generators.learner import Learner
from doppelscan.generators.recipe import Training
from doppelscan.generators.team import Team
from doppelscan.generators.validation import Panel, chosen_for_panel, losses
from doppelscan.generators.wanted import Wanted
from doppelscan.images.montage import contact_sheet, png
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.store import write_bytes
from doppelscan.workers import Progress

__all__ = ["Course", "Keeping", "Watch", "is_mark"]


@dataclass(frozen=True)
class Keeping:
    """What is kept of a training as it goes; nothing of it changes the weights.

    Attributes
    ----------
    marks
        How often, evenly over each stage, the model is kept, its losses measured and a grid of samples drawn.
    last
        Checkpoints that stay, of those at marks and those written in between.
    every
        Of each span of so many images one more checkpoint stays, the first. None: none does.
    minutes
        Between checkpoints, where marks are farther apart.
    log_steps
        Steps whose means make one line of `metrics.jsonl`.
    grid
        Samples in a grid, of seeds from 0 on.
    at_mark
        Called with the images seen, whenever the model was kept at a mark of its last stage.
    """

    marks: int = 10
    last: int = 2
    every: int | None = None
    minutes: float = 10.0
    log_steps: int = 20
    grid: int = 16
    at_mark: Callable[[int], None] | None = None

    def __post_init__(self) -> None:
        least = {"marks": 1, "last": 1, "every": 1, "minutes": 0, "log_steps": 1, "grid": 0}
        given = {name: getattr(self, name) for name in least}
        problems = [
            Problem(f"is {value}", where=name, cure=f"at least {least[name]}")
            for name, value in given.items()
            if value is not None and value < least[name]
        ]
        if problems:
            raise InputError(problems)


@dataclass(frozen=True, eq=False)
class Course:
    """What all stages of one training share."""

    about: Description
    images: ImageSet
    holdout: ImageSet | None
    out: Path
    team: Team
    keeping: Keeping
    resources: Resources
    progress: Progress

    def examples(self, images: ImageSet) -> Examples:
        """Images as they are learnt from."""
        return examples_of(
            images,
            self.about.intensities,
            self.team.device,
            resources=self.resources,
            progress=self.progress,
        )

    def made_examples(self, learner: Learner, images: ImageSet) -> Examples:
        """Images as the stage sees them unaugmented: as they are, or as what earlier stages make of them."""
        examples, encode = self.examples(images), self.encode(learner)
        if encode is None:
            return examples
        size = learner.training.together
        with torch.no_grad(), seeded(learner.device, self.about.seed, "examples", learner.stage.name):
            return made_of(examples, encode, at_once=size, device=learner.device, progress=self.progress)

    def encode(self, learner: Learner) -> Callable[[torch.Tensor], torch.Tensor] | None:
        """What earlier stages make of a batch of images; None where the stage sees these themselves."""
        make = learner.stage.examples
        return None if make is None else lambda batch: make(learner.settings, learner.networks, batch)

    def lesson(self, learner: Learner) -> Lesson:
        """What the stage learns from: made once, or, where images are augmented, anew at each step."""
        augments = learner.training.augmentation != "none"
        images = self.images
        examples = self.examples(images) if augments else self.made_examples(learner, images)
        encode = self.encode(learner) if augments else None
        return Lesson(examples, labels_of(images, self.about.subject), self.about.seed, augments, encode)


@dataclass(eq=False)
class Watch:
    """What happens beside the steps: journal, checkpoints, losses on both sides, grids."""

    course: Course
    number: int
    learner: Learner
    journal: Journal
    panels: dict[str, Panel]
    kept: float

    @staticmethod
    def of(course: Course, number: int, learner: Learner) -> Watch:
        """The watch over a stage, where it stands."""
        leads = course.team.leads
        folder = course.out if leads else None
        journal = Journal.opened(folder, learner.stage.name, learner.seen, course.keeping.log_steps)
        panels = _panels(course, learner) if leads else {}
        return Watch(course, number, learner, journal, panels, time.monotonic())

    def see(self, step: Step) -> None:
        """Take in one step."""
        self.journal.note(step)
        if not self.course.team.leads:
            return
        marked = is_mark(step.seen, self.learner.training, self.course.keeping.marks)
        if marked or time.monotonic() - self.kept > 60 * self.course.keeping.minutes:
            self.journal.read(step)  # a broken model is not kept
            if marked:  # before it is kept: who goes on from there does not come back to this mark
                self._measure(step.seen)
                self._draw(step.seen)
            keep(self.learner, self.number, self.course.out)
            prune(self.course.out, last=self.course.keeping.last, every=self.course.keeping.every)
            self.kept = time.monotonic()
        if marked:
            if self.course.keeping.at_mark is not None and self._is_last:
                self.course.keeping.at_mark(step.seen)
            self.journal.rest()

    @property
    def _is_last(self) -> bool:
        return self.number == len(self.course.about.kind.stages) - 1

    def _measure(self, seen: int) -> None:
        """Log the loss on held-out and on training images, and the gap."""
        about = self.course.about
        schedule = self.learner.training
        width = n_conditions(schedule.augmentation, about.subject.n_axes)
        found = {
            side: losses(self.learner, panel, n_conditions=width, seed=about.seed)
            for side, panel in self.panels.items()
        }
        if found:
            gap = found["holdout loss"] - found["training loss"]
            self.journal.write(seen, found | {"gap": gap})

    def _draw(self, seen: int) -> None:
        """Draw the grid, where this stage is the last."""
        about, n = self.course.about, self.course.keeping.grid
        if not self._is_last or n == 0:
            return
        n_labels = max(len(about.subject.labels), 1)
        labels = np.arange(n) % n_labels if about.subject.labels else np.full(n, -1)
        pixels = drawn(
            about,
            self.learner.averaged,
            Wanted(np.arange(n), labels.astype(np.int64)),
            options=about.kind.preview,
            device=self.learner.device,
        )
        columns = max(n_labels, round(n**0.5)) if n_labels <= 8 else 8
        write_bytes(self.course.out / "samples" / f"{seen:012d}.png", png(contact_sheet(pixels, columns)))


def is_mark(seen: int, training: Training, marks: int) -> bool:
    """Whether one of so many even shares of the training ended with the step after which so many images were seen."""
    total = training.n_images
    return seen >= total or seen * marks // total > (seen - training.batch) * marks // total


def _panels(course: Course, learner: Learner) -> dict[str, Panel]:
    """Training and held-out images, as many of each; none where there is no holdout or no such loss."""
    if course.holdout is None or learner.stage.validation is None:
        return {}
    n = min(len(course.holdout), len(course.images))
    return {
        "training loss": _panel(course, learner, course.images, n),
        "holdout loss": _panel(course, learner, course.holdout, n),
    }


def _panel(course: Course, learner: Learner, images: ImageSet, n: int) -> Panel:
    few = images.take(chosen_for_panel(len(images), n, course.about.seed))
    labels = labels_of(few, course.about.subject)
    return Panel(course.made_examples(learner, few), few.patients, labels)
