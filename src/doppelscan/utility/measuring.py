"""The measurement of utility from beginning to end: read, grant, make, classify, compare, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from doppelscan.errors import InputError, Problem
from doppelscan.findings.provenance import described, versions
from doppelscan.findings.run import read_run
from doppelscan.findings.utility import Utility, UtilityRun, write_utility
from doppelscan.imagesets.together import Opener, Source
from doppelscan.settings import Resources
from doppelscan.utility.cells import REAL, Cell, Classifier, Probe, View, told_by
from doppelscan.utility.concluding import Told, concluded
from doppelscan.utility.features import Features
from doppelscan.utility.grid import Grid
from doppelscan.utility.inputs import Sets, load
from doppelscan.utility.makers import Augmented, Duplicated, Given, Maker, without
from doppelscan.utility.settings import UtilitySettings
from doppelscan.workers import counted, elsewhere, map_ordered, silent, single_threaded_algebra
from doppelscan.workers.clock import Clock
from doppelscan.workers.progress import Progress

__all__ = ["Done", "measured", "utility"]


@dataclass(frozen=True, eq=False)
class Done:
    """What was measured, and the sets as they were: their pixels are at hand."""

    run: UtilityRun
    sets: Sets


def utility(  # noqa: PLR0913 - settings of one call, by keyword
    *,
    real: Source,
    test: Source,
    synthetic: Source | Mapping[str, Source] | None = None,
    makers: Sequence[Maker] = (),
    only_released: Path | None = None,
    settings: UtilitySettings | None = None,
    out: Path | None = None,
    patient_pattern: str | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Utility:
    """What synthetic images are worth to a classifier, beside what duplicates and augmentation of real ones are.

    Parameters
    ----------
    real, test
        Labelled real images to grant from, and those of other patients to test on.
    synthetic
        Labelled synthetic images, or several sets by the name of their strategy.
    makers
        Whatever makes images for those granted: `Refitted` generators are trained anew for every size and seed.
    only_released
        The run of an audit of `synthetic`: without what it flagged they become an arm of their own.
    out
        The folder that the run is written to; nothing is written if None.

    Raises
    ------
    InputError
        For everything that is wrong with the sets or the settings, at once.
    """
    done = measured(
        real=real,
        test=test,
        synthetic=synthetic,
        makers=makers,
        only_released=only_released,
        settings=settings,
        out=out,
        patient_pattern=patient_pattern,
        resources=resources,
        progress=progress,
    )
    return done.run.utility


def measured(  # noqa: PLR0913 - settings of one call, by keyword
    *,
    real: Source,
    test: Source,
    synthetic: Source | Mapping[str, Source] | None = None,
    makers: Sequence[Maker] = (),
    only_released: Path | None = None,
    settings: UtilitySettings | None = None,
    out: Path | None = None,
    patient_pattern: str | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Done:
    """What `utility` does, with the sets and the tables, for a report."""
    settings, resources = settings or UtilitySettings(), resources or Resources()
    clock = Clock(progress)
    with clock.stage("reading"):
        opener = Opener(settings.preparation, patient_pattern, resources, clock.tell)
        sets = load(real, test, _by_name(synthetic), settings.groups, opener)
        arms = _arms(sets, makers, only_released, settings)
    with clock.stage("encoding"):
        classifier, view, sight = _looking(sets, settings, resources, clock)
    grid = Grid(sets.real, sets.test, arms, sets.classes, settings, classifier, view)
    with clock.stage("classifying"):
        told = _told(grid, resources, clock)
    with clock.stage("comparing"), single_threaded_algebra():
        run = concluded(grid, told, sets, sight)
        record = _record(sets, arms, settings, classifier, clock)
    done = replace(run, record=record)
    if out is not None:
        write_utility(out, done)
    return Done(done, sets)


def _by_name(synthetic: Source | Mapping[str, Source] | None) -> dict[str, Source]:
    if synthetic is None:
        return {}
    return dict(synthetic) if isinstance(synthetic, Mapping) else {"synthetic": synthetic}


def _arms(
    sets: Sets, makers: Sequence[Maker], only_released: Path | None, settings: UtilitySettings
) -> list[Maker]:
    """Controls first, then what is given, with and without what an audit flagged, then the makers."""
    arms: list[Maker] = [Duplicated(), *([Augmented()] if settings.augmented else [])]
    arms += [Given(images, name) for name, images in sets.given.items()]
    if only_released is not None:
        flagged = frozenset(read_run(only_released).matches.query("copied")["synthetic_id"])
        arms += [Given(without(images, flagged), f"{name}, released") for name, images in sets.given.items()]
    arms += makers
    names = [arm.name for arm in arms]
    problems = [Problem(f"several arms are named {name!r}") for name in set(names) if names.count(name) > 1]
    problems += [Problem(f"no arm may be named {REAL!r}")] if REAL in names else []
    if len(arms) <= 1 + settings.augmented:
        problems.append(
            Problem("there is nothing to measure", cure="give --synthetic, or a family to --refit")
        )
    if problems:
        raise InputError(problems)
    return arms


def _looking(
    sets: Sets, settings: UtilitySettings, resources: Resources, clock: Clock
) -> tuple[Classifier, View, View]:
    """The classifier, what it sees of images, and what the map of the embedding is drawn from."""
    from doppelscan.utility.eyes import encoder_for

    encoder = encoder_for(sets.real, settings, resources=resources, progress=clock.tell)
    sight = Features(encoder, clock.tell, room=resources.memory // 8)
    if settings.classifier == "probe":
        return Probe(), sight, sight
    from doppelscan.utility.finetuning import Pixels, network_classifier

    return network_classifier(sets.real, settings, resources), Pixels(), sight


def _told(grid: Grid, resources: Resources, clock: Clock) -> list[Told]:
    """What every cell's classifier says; several at once."""
    from doppelscan.utility.granting import labels_of

    truth = labels_of(grid.test, grid.classes)
    about: list[tuple[Cell, int, int, np.ndarray]] = []

    def jobs() -> Any:
        for job in grid:
            other = grid.reverse_truth.get(job.cell, truth)
            about.append((job.cell, len(job.real.labels), len(job.added.labels), other))
            yield job

    workers = _at_once(grid, resources)
    made = counted(map_ordered(told_by, jobs(), workers=workers), "cells", len(grid), clock.tell)
    return [
        Told(cell, n_real, n_synthetic, told, chosen, other)
        for (told, chosen), (cell, n_real, n_synthetic, other) in zip(made, about, strict=False)
    ]


def _at_once(grid: Grid, resources: Resources) -> int:
    """How many cells may be worked on at once: as many as memory has room for.

    Raises
    ------
    InputError
        If the largest cell alone needs more.
    """
    row, n = grid.view.of(grid.test.take([0]))[0].nbytes, grid.most
    made, each = n * row, grid.classifier.bytes_for(n + len(grid.test), row, len(grid.classes))
    if made + each > resources.memory:
        needed, there = ((size / 2**30) for size in (made + each, resources.memory))
        what = (
            f"the largest cell learns from {n:,} images, which takes {needed:.2f}GB; {there:.2f}GB are there"
        )
        cure = "give more with --memory, or ask for less with --real-per-class or --per-real"
        raise InputError(Problem(what, where=grid.real.name, cure=cure))
    wanted = resources.workers if isinstance(grid.classifier, Probe) else 1
    waiting = 2 * made  # of what each worker does next
    return wanted if elsewhere() else max(1, min(wanted, (resources.memory - made) // (each + waiting)))


def _record(
    sets: Sets, arms: Sequence[Maker], settings: UtilitySettings, classifier: Classifier, clock: Clock
) -> dict[str, Any]:
    return {
        "sets": {name: described(images) for name, images in sets.named.items()},
        "arms": {arm.name: arm.fingerprint for arm in arms},
        "settings": settings.to_json(),
        "classifier": classifier.fingerprint,
        "seed": settings.seed,
        "versions": versions(),
        "started": clock.started.isoformat(timespec="seconds"),
        "seconds": clock.seconds,
    }
