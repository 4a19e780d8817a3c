"""What do the classifiers of all cells say together? Outcomes, contrasts, worth, and the tables of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from doppelscan.findings.utility import Arm, Outcome, Utility, UtilityRun
from doppelscan.utility.cells import Cell, View
from doppelscan.utility.comparing import ALL_IMAGES, Place, contrasts, judged, outcomes
from doppelscan.utility.embedding import embedding_table, laid_out, nearest_table, parents
from doppelscan.utility.grid import Grid
from doppelscan.utility.inputs import Sets
from doppelscan.utility.makers import Augmented, Duplicated, Maker
from doppelscan.utility.notes import absences, declared, notes
from doppelscan.utility.power import seeds_needed
from doppelscan.utility.resampling import estimate_of, resampling
from doppelscan.utility.scores import scored
from doppelscan.utility.settings import OUTCOMES, UtilitySettings
from doppelscan.utility.worth import saturations, worths

__all__ = ["Told", "concluded"]


@dataclass(frozen=True, eq=False)
class Told:
    """What one cell's classifier said, and from how many images it learnt."""

    cell: Cell
    n_real: int
    n_synthetic: int
    told: np.ndarray
    chosen: float
    truth: np.ndarray


def concluded(grid: Grid, told: Sequence[Told], sets: Sets, sight: View) -> UtilityRun:
    """Every number and table, from what the classifiers said; the map is drawn from what `sight` sees."""
    settings = grid.settings
    truth = next(one.truth for one in told if one.cell.part != "reverse")
    groups = _groups(sets, settings)
    how = resampling(sets.test.patients, settings.n_seeds, settings.n_draws, settings.seed)
    found = judged(_by_place(grid, told), truth, groups, how, settings.outcome)
    columns = [name for name in groups if name.partition("=")[0] in settings.groups]
    mine = grid.granted(grid.sizes[-1], 0).rows
    laid = laid_out(sets.real.take(mine), grid.made, sight)
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


def _by_place(grid: Grid, told: Sequence[Told]) -> dict[Place, list[np.ndarray]]:
    """What was said of the test set, one for each seed, where every seed has the cell."""
    places: dict[Place, list[np.ndarray]] = {}
    for one in told:
        if one.cell.part != "reverse":
            places.setdefault(_place(grid, one.cell), []).append(one.told)
    return {place: seeds for place, seeds in places.items() if len(seeds) == grid.settings.n_seeds}


def _reverse(grid: Grid, told: Sequence[Told]) -> list[Outcome]:
    """How classifiers of real images alone tell the synthetic ones."""
    places: dict[Place, list[Told]] = {}
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


def _cells(grid: Grid, told: Sequence[Told], groups: Mapping[str, np.ndarray]) -> pd.DataFrame:
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
