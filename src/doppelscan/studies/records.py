"""How is a study kept? `study.parquet`, a row for each finished cell, and `study.json`: recipe, claims, failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from doppelscan.errors import FormatError, Problem
from doppelscan.estimates import Estimate
from doppelscan.store import read_json, read_table, write_json, write_table
from doppelscan.studies.contrasts import Settled, settled
from doppelscan.studies.grid import Cell
from doppelscan.studies.outcomes import OUTCOMES
from doppelscan.studies.recipe import COUNTED, Recipe, recipe_of

__all__ = ["STEPS", "STUDY_FORMAT", "Study", "read_study", "row_of", "table_of", "write_study"]

STUDY_FORMAT = "doppelscan-study/1"
STEPS = ("training", "drawing", "auditing", "measuring")


@dataclass(frozen=True, eq=False)
class Study:
    """What came out of a recipe.

    Attributes
    ----------
    cells
        A row for each finished cell: `cell` (its folder's name), its factors, `seed`, for each outcome
        `outcome`, `outcome_low`, `outcome_high`, and for each of `STEPS` `seconds_...`.
    failures
        The other cells, by their folders' names, and why they are not finished.
    """

    recipe: Recipe
    cells: pd.DataFrame
    failures: Mapping[str, str]

    @property
    def settled(self) -> list[Settled]:
        """What the finished cells say of the recipe's claims."""
        return settled(self.recipe, self.cells)


def row_of(
    folder: str, cell: Cell, measured: Mapping[str, Estimate], seconds: Mapping[str, float]
) -> dict[str, Any]:
    """A finished cell's row of the table."""
    row: dict[str, Any] = {"cell": folder} | cell.row()
    for name in OUTCOMES:
        found = measured.get(name, Estimate.unknown())
        row |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
    return row | {f"seconds_{step}": seconds.get(step) for step in STEPS}


def table_of(recipe: Recipe, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows as a table, with its columns even where there is no row."""
    return pd.DataFrame(list(rows), columns=_schema(recipe).names)


def write_study(folder: Path, study: Study) -> None:
    """Write the table, then what it says."""
    schema = _schema(study.recipe)
    write_table(folder / "study.parquet", study.cells, schema)
    claims = [one.to_json() for one in study.settled]
    content = {"recipe": asdict(study.recipe), "claims": claims, "failures": dict(study.failures)}
    write_json(folder / "study.json", {"format": STUDY_FORMAT} | content)


def read_study(folder: Path) -> Study:
    """The study that `write_study` wrote.

    Raises
    ------
    FormatError
        If a file is absent, damaged or of another version.
    """
    path = folder / "study.json"
    content = read_json(path, expected=STUDY_FORMAT)
    if absent := [name for name in ("recipe", "failures") if not isinstance(content.get(name), dict)]:
        raise FormatError(Problem(f"says no {' and no '.join(absent)}", where=str(path), cure="study again"))
    recipe = recipe_of(content["recipe"], str(path))
    return Study(recipe, read_table(folder / "study.parquet", _schema(recipe)), content["failures"])


def _schema(recipe: Recipe) -> pa.Schema:
    """The table's columns; its factors are those of the recipe."""
    levels = [(name, pa.int64() if name in COUNTED else pa.string()) for name in recipe.fixed]
    numbers = [f"{name}{end}" for name in OUTCOMES for end in ("", "_low", "_high")]
    numbers += [f"seconds_{step}" for step in STEPS]
    columns = [
        ("cell", pa.string()),
        *levels,
        ("seed", pa.int64()),
        *((name, pa.float64()) for name in numbers),
    ]
    return pa.schema(columns, metadata={"format": "doppelscan-cells/1"})
