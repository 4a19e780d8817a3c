"""How long will a study take? A few steps and one batch of samples are timed for each kind of generator."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
from torch import nn

from doppelscan.generators.description import Description
from doppelscan.generators.drawing import at_once, drawn
from doppelscan.generators.engine import Lesson, training
from doppelscan.generators.examples import examples_of
from doppelscan.generators.family import Drawing, Networks
from doppelscan.generators.learner import Learner
from doppelscan.generators.team import Team
from doppelscan.generators.wanted import Wanted
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.studies.experiment import generator_settings
from doppelscan.studies.grid import Cell, cells_of
from doppelscan.studies.recipe import Recipe
from doppelscan.studies.sources import kept, opened
from doppelscan.workers import Progress, counted, silent

__all__ = ["forecast"]

_STEPS = 3


def forecast(
    recipe: Recipe, *, out: Path, data: Path, resources: Resources | None = None, progress: Progress = silent
) -> list[tuple[Cell, float]]:
    """Each cell, and the seconds that its training and drawing will take here, alone; audits come on top.

    Sources are prepared in `out`, as the study will want them.

    Raises
    ------
    InputError
        If a source cannot be opened, or a cell's settings will not do.
    """
    resources, cells = resources or Resources(), cells_of(recipe)
    few = {
        name: _few(recipe, name, out, data, resources)
        for name in dict.fromkeys(str(cell["source"]) for cell in cells)
    }
    kinds: dict[tuple[object, ...], tuple[float, float]] = {}
    for cell in counted(cells, "timing", len(cells), progress):
        if _kind(cell) not in kinds:
            kinds[_kind(cell)] = _seconds(cell, few[str(cell["source"])], resources)
    return [(cell, kinds[_kind(cell)][0] + int(cell["samples"]) * kinds[_kind(cell)][1]) for cell in cells]


def _kind(cell: Cell) -> tuple[object, ...]:
    """What the time of a cell depends on."""
    return cell["source"], cell["family"], cell["preset"], cell.changes


def _few(recipe: Recipe, name: str, out: Path, data: Path, resources: Resources) -> ImageSet:
    place = kept(recipe.sources[name], data, out / "sources", resources=resources)
    pool = opened(recipe.sources[name], place).pool
    return pool.take(np.arange(min(len(pool), 64)))


def _seconds(cell: Cell, images: ImageSet, resources: Resources) -> tuple[float, float]:
    """Of the whole training, and of one sample."""
    settings = generator_settings(cell)
    about = Description.of(images, settings, holdout=None, seed=0, resources=resources)
    total, done, team = 0.0, nn.ModuleDict(), Team.of(resources.device)
    for number in range(len(about.kind.stages)):
        learner = Learner.new(
            about.kind, number, settings, about.subject, seed=0, device=team.device, before=done
        )
        total += _of_stage(learner, about, images, team, resources)
        done = learner.averaged
    begun = time.monotonic()
    _draw(about, done, team)
    return total, (time.monotonic() - begun) / at_once(about.subject, team.device)


def _of_stage(
    learner: Learner, about: Description, images: ImageSet, team: Team, resources: Resources
) -> float:
    """Seconds of all its steps, told from a few; the first is slower than the rest and not counted."""
    examples = examples_of(images, about.intensities, team.device, resources=resources, progress=silent)
    make = learner.stage.examples
    encode = None if make is None else lambda batch: make(learner.settings, learner.networks, batch)
    lesson = Lesson(examples, np.full(len(images), -1), 0, encode=encode)
    steps = training(learner, lesson, team)
    next(steps)
    begun = time.monotonic()
    taken = sum(1 for _ in itertools.islice(steps, _STEPS))
    return (time.monotonic() - begun) / max(taken, 1) * learner.training.n_steps


def _draw(about: Description, networks: Networks, team: Team) -> None:
    label = 0 if about.subject.labels else -1
    seeds, labels = np.zeros(1, dtype=np.int64), np.array([label], dtype=np.int64)
    drawn(about, networks, Wanted(seeds, labels), options=Drawing(), device=team.device)
