"""The measurement of utility from beginning to end: read, grant, make, classify, compare, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from doppelscan.errors import InputError, Problem
from doppelscan.findings.provenance import described, versions
from doppelscan.findings.run import read_run
from doppelscan.findings.utility import Arm, Outcome, Utility, UtilityRun, write_utility
from doppelscan.imagesets.together import Opener, Source
from doppelscan.settings import Resources
from doppelscan.utility.cells import REAL, Cell, Classifier, Probe, View, told_by
from doppelscan.utility.comparing import ALL_IMAGES, Place, contrasts, judged, outcomes
from doppelscan.utility.embedding import embedding_table, laid_out, nearest_table, parents
from doppelscan.utility.features import Features
from doppelscan.utility.grid import Grid
from doppelscan.utility.inputs import Sets, load
from doppelscan.utility.makers import Augmented, Duplicated, Given, Maker, without
from doppelscan.utility.notes import absences, declared, notes
from doppelscan.utility.power import seeds_needed
from doppelscan.utility.resampling import estimate_of, resampling
from doppelscan.utility.scores import scored
from doppelscan.utility.settings import OUTCOMES, UtilitySettings
from doppelscan.utility.worth import saturations, worths
from doppelscan.workers import counted, map_ordered, silent, single_threaded_algebra
from doppelscan.workers.clock import Clock
from doppelscan.workers.progress import Progress

__all__ = ["Done", "measured", "utility"]


@dataclass(frozen=True, eq=False)
class Done:
    """What was measured, and the sets as they were: their pixels are at hand."""

    run: UtilityRun
    sets: Sets


@dataclass(frozen=True, eq=False)
class _Told:
    """What one cell's classifier said, and from how many images it learnt."""

    cell: Cell
    n_real: int
    n_synthetic: int
    told: np.ndarray
    chosen: float
    truth: np.ndarray


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
        run = _run(grid, told, sets, sight)
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

    sight = Features(encoder_for(sets.real, settings, resources=resources, progress=clock.tell), clock.tell)
    if settings.classifier == "probe":
        return Probe(), sight, sight
    from doppelscan.utility.finetuning import Pixels, network_classifier

    return network_classifier(sets.real, settings, resources), Pixels(), sight


def _told(grid: Grid, resources: Resources, clock: Clock) -> list[_Told]:
    """What every cell's classifier says; several at once."""
    from doppelscan.utility.granting import labels_of

    truth = labels_of(grid.test, grid.classes)
    about: list[tuple[Cell, int, int, np.ndarray]] = []

    def jobs() -> Any:
        for job in grid:
            other = grid.reverse_truth.get(job.cell, truth)
            about.append((job.cell, len(job.real.labels), len(job.added.labels), other))
            yield job

    workers = resources.workers if isinstance(grid.classifier, Probe) else 1
    made = counted(map_ordered(told_by, jobs(), workers=workers), "cells", len(grid), clock.tell)
    return [
        _Told(cell, n_real, n_synthetic, told, chosen, other)
        for (told, chosen), (cell, n_real, n_synthetic, other) in zip(made, about, strict=False)
    ]


def _run(grid: Grid, told: Sequence[_Told], sets: Sets, sight: View) -> UtilityRun:
    settings = grid.settings
    truth = next(one.truth for one in told if one.cell.part != "reverse")
    groups = _groups(sets, settings)
    how = resampling(sets.test.patients, settings.n_seeds, settings.n_draws, settings.seed)
    found = judged(_by_place(grid, told), truth, groups, how, settings.outcome)
    columns = [name for name in groups if name.partition("=")[0] in settings.groups]
    mine = grid.granted(grid.sizes[-1], 0).rows
    laid = laid_out(sets.real.take(mine), sight.of(sets.real.take(mine)), _shown(grid, sight))
    number = sets.real.patients.max(), sets.test.patients.max()
    measure = Utility(
        classifier=settings.classifier,
        encoder=settings.encoder if settings.classifier == "probe" else "",
        outcome=settings.outcome,
        classes=sets.classes,
        n_seeds=settings.n_seeds,
        n_real=len(sets.real),
        n_real_patients=int(number[0]) + 1,
        n_test=len(sets.test),
        n_test_patients=int(number[1]) + 1,
        patients_known=sets.real.patients_known and sets.test.patients_known,
        arms=tuple(Arm(m.name, _kind(m), m.refitted) for m in grid.makers),
        outcomes=(*outcomes(found), *_reverse(grid, told)),
        contrasts=tuple(contrasts(found, columns)),
        worths=tuple(worths(found)),
        saturations=tuple(saturations(found)),
        seeds=tuple(seeds_needed(found)),
        parents=tuple(parents(laid)),
        declared=tuple(declared(grid.makers)),
        absent=tuple(absences(grid.absent)),
        notes=tuple(notes(sets.real, sets.test, settings, grid.sizes)),
    )
    generators = [maker.name for maker in grid.makers if _kind(maker) == "generator"]
    nearest = nearest_table(laid, generators)
    return UtilityRun(measure, _cells(grid, told, groups), embedding_table(laid), {}, nearest)


def _kind(maker: Maker) -> str:
    return "control" if isinstance(maker, Duplicated | Augmented) else "generator"


def _groups(sets: Sets, settings: UtilitySettings) -> dict[str, np.ndarray]:
    """Which test images are in each group: all, each class, each value of each column."""
    table = sets.test.table
    groups = {ALL_IMAGES: np.ones(len(table), dtype=bool)}
    for column, name in [("label", "class"), *((column, column) for column in settings.groups)]:
        values = table[column].dropna()
        groups |= {
            f"{name}={value}": (table[column] == value).to_numpy() for value in sorted(values.unique())
        }
    return groups


def _place(grid: Grid, cell: Cell) -> Place:
    return Place(cell.arm, cell.part, grid.count(cell.size), cell.per_real)


def _by_place(grid: Grid, told: Sequence[_Told]) -> dict[Place, list[np.ndarray]]:
    """What was said of the test set, one for each seed, where every seed has the cell."""
    places: dict[Place, list[np.ndarray]] = {}
    for one in told:
        if one.cell.part != "reverse":
            places.setdefault(_place(grid, one.cell), []).append(one.told)
    return {place: seeds for place, seeds in places.items() if len(seeds) == grid.settings.n_seeds}


def _reverse(grid: Grid, told: Sequence[_Told]) -> list[Outcome]:
    """How classifiers of real images alone tell the synthetic ones."""
    places: dict[Place, list[_Told]] = {}
    for one in told:
        if one.cell.part == "reverse":
            places.setdefault(_place(grid, one.cell), []).append(one)
    found, settings = [], grid.settings
    for place, seeds in places.items():
        values: dict[str, list[np.ndarray]] = {name: [] for name in OUTCOMES}
        for one in seeds:
            how = resampling(
                np.arange(len(one.truth)), len(seeds), settings.n_draws, settings.seed + one.cell.seed
            )
            for name, value in scored(one.told, one.truth, how.weights).items():
                values[name].append(value)
        n = len(seeds[0].truth)
        measures = {name: estimate_of(how.over(np.stack(value)), n) for name, value in values.items()}
        found.append(Outcome(place.arm, place.part, place.real_per_class, place.per_real, measures, {}))
    return found


def _shown(grid: Grid, sight: View) -> dict[str, tuple[Any, np.ndarray]]:
    return {name: (made.images, sight.of(made.images)) for name, made in grid.made.items()}


def _cells(grid: Grid, told: Sequence[_Told], groups: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """A row for each cell and group."""
    rows = []
    for one in told:
        mine = groups if one.cell.part != "reverse" else {ALL_IMAGES: np.ones(len(one.truth), dtype=bool)}
        for group, rows_of in mine.items():
            n = int(rows_of.sum())
            values = scored(one.told[rows_of], one.truth[rows_of], np.ones((1, n)))
            place = _place(grid, one.cell)
            rows.append(
                vars(place)
                | {
                    "seed": one.cell.seed,
                    "group": group,
                    "n_real": one.n_real,
                    "n_synthetic": one.n_synthetic,
                }
                | {"n_test": n, "chosen": one.chosen}
                | {name: float(value[0]) for name, value in values.items()}
            )
    return pd.DataFrame(rows)


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
