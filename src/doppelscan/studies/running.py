"""How is a study run? Its cells in parallel, each in a folder of its own; what failed is listed and tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from doppelscan.errors import InputError, Problem
from doppelscan.settings import Resources, cores
from doppelscan.store import locked
from doppelscan.studies.experiment import Experiment, Outcome, audit_settings, generator_settings
from doppelscan.studies.grid import Cell, cells_of
from doppelscan.studies.recipe import Recipe
from doppelscan.studies.records import Study, row_of, table_of, write_study
from doppelscan.studies.sources import kept, opened
from doppelscan.workers import Needs, Progress, counted, elsewhere, gpus_elsewhere, map_ordered, silent

__all__ = ["check", "study"]


@dataclass(frozen=True)
class _Job:
    """One cell as a child process needs it."""

    cell: Cell
    recipe: Recipe
    source: Path
    folder: Path
    resources: Resources


def study(
    recipe: Recipe,
    *,
    out: Path,
    data: Path,
    jobs: int = 1,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> Study:
    """Run every cell of the recipe that is not finished in `out`, `jobs` at once, and settle its claims.

    A study that was cut off goes on where it stood when it is asked for again; cells that failed are tried again.

    Raises
    ------
    InputError
        If a source cannot be opened, or a cell's settings will not do: all of them, before anything runs.
    """
    resources = resources or Resources()
    check(recipe)
    with locked(out):
        out.mkdir(parents=True, exist_ok=True)
        planned = _planned(recipe, out, data, jobs, resources, progress)
        share = planned[0].resources.workers if planned else 1
        needs = Needs(cores=share, gpu=_on_gpus(resources.device))
        ended = map_ordered(partial(_attempt, alone=jobs == 1), planned, workers=jobs, needs=needs)
        outcomes = list(counted(ended, "cells", len(planned), progress))
        done = _put_together(recipe, planned, outcomes)
        write_study(out, done)
    return done


def check(recipe: Recipe) -> None:
    """Refuse what can be refused before anything runs.

    Raises
    ------
    InputError
        If settings of the audits or of some cells will not do.
    """
    problems: dict[Problem, None] = {}
    asked: list[Callable[[], object]] = [partial(audit_settings, recipe.audit)]
    asked += [partial(generator_settings, cell) for cell in cells_of(recipe)]
    for ask in asked:
        try:
            ask()
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise InputError(problems)


def _planned(
    recipe: Recipe, out: Path, data: Path, jobs: int, resources: Resources, progress: Progress
) -> list[_Job]:
    """The cells with their folders, their sources prepared."""
    cells = cells_of(recipe)
    places = {
        name: kept(recipe.sources[name], data, out / "sources", resources=resources, progress=progress)
        for name in dict.fromkeys(str(cell["source"]) for cell in cells)
    }
    here = (
        min(jobs, cores()) if elsewhere() else jobs
    )  # so many share this machine's memory, or that of one like it
    share = replace(resources, memory=resources.memory // here, workers=max(1, resources.workers // jobs))
    audit = audit_settings(recipe.audit)
    content = {name: opened(recipe.sources[name], place).pool.fingerprint for name, place in places.items()}
    return [
        _Job(
            cell,
            recipe,
            places[str(cell["source"])],
            Experiment.place(cell, content[str(cell["source"])], audit, out / "cells"),
            replace(share, device=_device(resources.device, number)),
        )
        for number, cell in enumerate(cells)
    ]


def _device(asked: str, number: int) -> str:
    """The device of the cell of this number: several GPUs take turns; on a cluster each has its own."""
    import torch

    n = torch.cuda.device_count() if asked in {"auto", "cuda"} and not elsewhere() else 0
    return f"cuda:{number % n}" if n > 1 else asked


def _on_gpus(asked: str) -> bool:
    """Whether each cell gets a GPU of the cluster."""
    return asked.startswith("cuda") or (asked == "auto" and gpus_elsewhere() > 0)


def _attempt(job: _Job, *, alone: bool) -> Outcome | str:
    """What came out of the cell, or why nothing did."""
    import torch

    if not alone:
        torch.set_num_threads(max(1, job.resources.workers))
    try:
        patients = opened(job.recipe.sources[str(job.cell["source"])], job.source)
        audit = audit_settings(job.recipe.audit)
        return Experiment(job.cell, patients, audit, job.folder, job.resources).run()
    except Exception as error:  # noqa: BLE001 - one cell that fails, for whatever reason, is listed
        return f"{type(error).__name__}: {error}"


def _put_together(recipe: Recipe, jobs: Sequence[_Job], outcomes: Sequence[Outcome | str]) -> Study:
    """The table of what is finished, and why the rest is not."""
    ended = [(job.folder.name, job.cell, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]
    rows = [
        row_of(name, cell, outcome.measured, outcome.seconds)
        for name, cell, outcome in ended
        if isinstance(outcome, Outcome)
    ]
    failures = {name: why for name, _, why in ended if isinstance(why, str)}
    return Study(recipe, table_of(recipe, rows), failures)
