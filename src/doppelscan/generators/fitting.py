"""How does a set of images become a model? Stage by stage, kept as it goes, to the same end however often it stops."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import torch

from doppelscan.errors import InputError, Problem
from doppelscan.generators.chance import seeded
from doppelscan.generators.checkpoints import checkpoints_of, is_unpruned, keep, prune, resume
from doppelscan.generators.description import Description
from doppelscan.generators.engine import Lesson, training
from doppelscan.generators.family import Networks, Settings
from doppelscan.generators.journal import Diverged
from doppelscan.generators.learner import Learner
from doppelscan.generators.model import Model
from doppelscan.generators.recipe import lasting
from doppelscan.generators.registry import family_of
from doppelscan.generators.team import Team
from doppelscan.generators.watching import Course, Keeping, Watch
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.store import check_writable, contents, locked
from doppelscan.workers import Progress, silent

__all__ = ["amend", "fit"]


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
    settings = lasting(settings, len(images))
    about = Description.of(images, settings, holdout=holdout, seed=seed, resources=resources)
    _refuse_holdout(about, images, holdout)
    team = Team.of(resources.device)
    with locked(out) if team.leads else nullcontext():
        if team.leads:
            _begin(about, out)
            if is_unpruned(out):
                prune(out, last=keeping.last, every=keeping.every)
        team.wait()
        course = Course(about, images, holdout, out, team, keeping, resources, progress)
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
    settings = lasting(settings, int(before.trained_on["n_images"]))
    if (settings, seed) != (before.settings, before.seed):
        found = checkpoints_of(out)
        before.with_settings(settings, seed, found[-1].seen if found else 0).write(out)


def _begin(about: Description, out: Path) -> None:
    """Write what is trained here, or refuse where that is something else."""
    if not (out / "model.json").exists():
        if contents(out) or (out.exists() and not out.is_dir()):
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
        cure, page = (
            "split by patient: `doppelscan prepare --holdout`",
            "howto/audit-your-folder.md#a-holdout",
        )
        problems.append(Problem(what, where=holdout.name, cure=cure, page=page))
    if problems:
        raise InputError(problems)


def _stage(course: Course, number: int, before: Networks | None) -> Networks:
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
        if course.team.leads and not found:  # it stays as it begins
            keep(learner, number, course.out)
            prune(course.out, last=course.keeping.last, every=course.keeping.every)
        return learner.averaged
    lesson = course.lesson(learner)
    if not found:
        _begun(learner, lesson)
    _trained(course, number, learner, lesson)
    return learner.averaged


@torch.no_grad()
def _begun(learner: Learner, lesson: Lesson) -> None:
    """Let new networks measure what they need on all examples, the averaged ones alike."""
    if learner.stage.begin is None:
        return
    size = learner.training.together
    with seeded(learner.device, lesson.seed, "begin", learner.stage.name):
        learner.stage.begin(learner.settings, learner.networks, lesson.plain(size))
    for name in learner.stage.averaged:
        learner.averaged[name].load_state_dict(learner.networks[name].state_dict())


def _trained(course: Course, number: int, learner: Learner, lesson: Lesson) -> None:
    """Take the learner through all steps that are left, writing down how it goes."""
    watch = Watch.of(course, number, learner)
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
