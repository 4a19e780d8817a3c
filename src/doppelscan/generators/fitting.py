"""How does a set of images become a model? Stage by stage, kept as it goes, to the same end however often it stops."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from doppelscan.errors import InputError, Problem
from doppelscan.generators.augmentation import n_conditions
from doppelscan.generators.checkpoints import checkpoints_of, keep, prune, resume
from doppelscan.generators.description import Description, labels_of
from doppelscan.generators.drawing import drawn
from doppelscan.generators.engine import Lesson, Step, training
from doppelscan.generators.examples import Examples, examples_of, made_of
from doppelscan.generators.family import Networks, Settings
from doppelscan.generators.journal import Diverged, Journal
from doppelscan.generators.learner import Learner
from doppelscan.generators.model import Model
from doppelscan.generators.registry import family_of
from doppelscan.generators.team import Team
from doppelscan.generators.validation import Panel, losses, panel_of
from doppelscan.images.montage import contact_sheet, png
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.store import check_writable, write_bytes
from doppelscan.workers import Progress, silent

__all__ = ["Keeping", "amend", "fit"]


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
    """

    marks: int = 10
    last: int = 2
    every: int | None = None
    minutes: float = 10.0
    log_steps: int = 20
    grid: int = 16

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


def fit(
    images: ImageSet,
    settings: Settings,
    *,
    out: Path,
    holdout: ImageSet | None = None,
    seed: int = 0,
    keeping: Keeping | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Model:
    """The model of these settings, and the family that they are of, fitted to these images in the folder `out`.

    A training that was cut off, however, goes on when it is asked for again, to the same weights: on a CPU bit for
    bit. One that is finished is opened. The holdout teaches nothing: the loss on it is logged beside the loss on
    training images, and the gap between the two is the first sign of memorization.

    Raises
    ------
    InputError
        If the images do not fit each other, the family or the memory, a patient is on both sides, or `out` holds
        something else.
    Diverged
        If a loss is no longer a number; it names the last checkpoint and how to go on from there.
    """
    resources, keeping = resources or Resources(), keeping or Keeping()
    check_writable(out)
    about = Description.of(images, settings, holdout=holdout, seed=seed, resources=resources)
    _refuse_holdout(about, images, holdout)
    team = Team.of(resources.device)
    if team.leads:
        _begin(about, out)
    team.wait()
    course = _Course(about, images, holdout, out, team, keeping, resources, progress)
    done: Networks | None = None
    for number in range(len(about.kind.stages)):
        done = _stage(course, number, done)
    team.wait()
    return Model.open(out, device=resources.device)


def amend(out: Path, settings: Settings, *, seed: int) -> None:
    """Let the training in `out` go on with other settings and seed; `model.json` remembers those until now.

    Raises
    ------
    InputError
        If they are of another family.
    """
    before = Description.read(out)
    if family_of(settings).name != before.family:
        raise InputError(Problem(f"holds a model of {before.family}", where=str(out)))
    if (settings, seed) != (before.settings, before.seed):
        found = checkpoints_of(out)
        before.with_settings(settings, seed, found[-1].seen if found else 0).write(out)


@dataclass(frozen=True, eq=False)
class _Course:
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


def _begin(about: Description, out: Path) -> None:
    """Write what is trained here, or refuse where that is something else."""
    if not (out / "model.json").exists():
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise InputError(Problem("exists and is no model", where=str(out), cure="name another folder"))
        about.write(out)
        return
    if not Description.read(out).same_training(about):
        what = "holds a model of other images, settings or seed"
        cure = "name another folder, or --amend this model if only settings or seed are others"
        raise InputError(Problem(what, where=str(out), cure=cure))


def _refuse_holdout(about: Description, images: ImageSet, holdout: ImageSet | None) -> None:
    """Refuse held-out images of another shape, or of patients that are trained on."""
    if holdout is None:
        return
    problems = []
    if holdout.shape != about.subject.shape:
        problems.append(Problem(f"images of {holdout.shape}, not {about.subject.shape}", where=holdout.name))
    known = set(images.table["patient"].dropna())
    if shared := sorted(known & set(holdout.table["patient"].dropna())):
        what = f"{len(shared)} patients are in the training set too: {', '.join(shared[:5])}"
        problems.append(
            Problem(what, where=holdout.name, cure="split by patient: `doppelscan prepare --holdout`")
        )
    if problems:
        raise InputError(problems)


def _stage(course: _Course, number: int, before: Networks | None) -> Networks:
    """The averaged networks after this stage, trained or read."""
    about, device = course.about, course.team.device
    learner = Learner.new(
        about.kind,
        number,
        about.settings,
        about.subject,
        seed=about.seed,
        device=device,
        before=before,
    )
    found = [checkpoint for checkpoint in checkpoints_of(course.out) if checkpoint.stage == number]
    if found:
        resume(learner, found[-1])
    if learner.finished:
        return learner.averaged
    examples = _examples(course, learner, course.images)
    lesson = Lesson(
        examples,
        labels_of(course.images, about.subject),
        about.seed,
        is_latent=learner.make is not None,
    )
    if not found and learner.stage.begin is not None:
        _measure(learner, examples)
    _trained(course, number, learner, lesson)
    return learner.averaged


def _examples(course: _Course, learner: Learner, images: ImageSet) -> Examples:
    """What this stage learns from: images, or what earlier stages make of them."""
    examples, make = course.examples(images), learner.make
    if make is None:
        return examples
    size = learner.training.at_once or learner.training.batch
    with torch.no_grad():
        return made_of(
            examples,
            lambda batch: make(learner.settings, learner.networks, batch),
            at_once=size,
            device=learner.device,
            progress=course.progress,
        )


@torch.no_grad()
def _measure(learner: Learner, examples: Examples) -> None:
    """Let new networks measure what they need on the first examples, the averaged ones alike."""
    assert learner.stage.begin is not None, "asked for where there is something to measure"
    first = examples.batch(np.arange(min(len(examples), 256), dtype=np.int64))
    learner.stage.begin(learner.settings, learner.networks, first)
    for name in learner.stage.averaged:
        learner.averaged[name].load_state_dict(learner.networks[name].state_dict())


def _trained(course: _Course, number: int, learner: Learner, lesson: Lesson) -> None:
    """Take the learner through all steps that are left, writing down how it goes."""
    watch = _Watch.of(course, number, learner, lesson)
    if learner.training.compile:
        for network in learner.own().values():
            network.compile()
    work = f"training {learner.stage.name}"
    course.progress(work, min(learner.seen, learner.training.n_images), learner.training.n_images)
    try:
        for step in training(learner, lesson, course.team):
            watch.see(step)
            course.progress(work, min(step.seen, step.total), step.total)
    except Diverged as error:
        raise Diverged(f"{error}; {_way_back(course.out)}") from error
    finally:
        watch.journal.close()


def _way_back(out: Path) -> str:
    found = checkpoints_of(out)
    where = f"{out} holds the model after {found[-1]}" if found else "no checkpoint was written yet"
    return f"{where}; go on with --amend and a smaller learning rate or --set precision=float32"


@dataclass(eq=False)
class _Watch:
    """What happens beside the steps: journal, checkpoints, losses on both sides, grids."""

    course: _Course
    number: int
    learner: Learner
    journal: Journal
    panels: dict[str, Panel]
    kept: float

    @staticmethod
    def of(course: _Course, number: int, learner: Learner, lesson: Lesson) -> _Watch:
        leads = course.team.leads
        folder = course.out if leads else None
        journal = Journal.opened(folder, learner.stage.name, learner.seen, course.keeping.log_steps)
        panels = _panels(course, learner, lesson) if leads else {}
        return _Watch(course, number, learner, journal, panels, time.monotonic())

    def see(self, step: Step) -> None:
        """Take in one step."""
        self.journal.note(step)
        if not self.course.team.leads:
            return
        marked = self._is_mark(step)
        if marked or time.monotonic() - self.kept > 60 * self.course.keeping.minutes:
            self.journal.read(step)  # a broken model is not kept
            keep(self.learner, self.number, self.course.out)
            prune(self.course.out, last=self.course.keeping.last, every=self.course.keeping.every)
            self.kept = time.monotonic()
        if marked:
            self._measure(step.seen)
            self._draw(step.seen)
            self.journal.rest()

    def _is_mark(self, step: Step) -> bool:
        """Whether a share of the stage ended with this step, or the stage did."""
        batch, marks = self.learner.training.batch, self.course.keeping.marks
        return (
            step.seen >= step.total
            or step.seen * marks // step.total > (step.seen - batch) * marks // step.total
        )

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
        if self.number < len(about.kind.stages) - 1 or n == 0:
            return
        n_labels = max(len(about.subject.labels), 1)
        labels = np.arange(n) % n_labels if about.subject.labels else np.full(n, -1)
        pixels = drawn(
            about,
            self.learner.averaged,
            seeds=np.arange(n),
            labels=labels.astype(np.int64),
            options=about.kind.preview,
            device=self.learner.device,
        )
        columns = max(n_labels, round(n**0.5)) if n_labels <= 8 else 8
        write_bytes(self.course.out / "samples" / f"{seen:012d}.png", png(contact_sheet(pixels, columns)))


def _panels(course: _Course, learner: Learner, lesson: Lesson) -> dict[str, Panel]:
    """Training and held-out images, as many of each; none where there is no holdout or no such loss."""
    about, holdout = course.about, course.holdout
    if holdout is None or learner.stage.validation is None:
        return {}
    n = min(len(holdout), len(course.images))
    held_out = _examples(course, learner, holdout)
    return {
        "training loss": panel_of(
            lesson.examples, course.images.patients, lesson.labels, n=n, seed=about.seed
        ),
        "holdout loss": panel_of(
            held_out, holdout.patients, labels_of(holdout, about.subject), n=n, seed=about.seed
        ),
    }
