"""Grids of settings: each cell is trained, drawn from, audited and measured; contrasts are settled between cells."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use

if TYPE_CHECKING:
    from doppelscan.studies.contrasts import Settled, settled
    from doppelscan.studies.grid import Cell, cells_of
    from doppelscan.studies.recipe import Contrast, Recipe, read_recipe
    from doppelscan.studies.records import Study, read_study
    from doppelscan.studies.running import study

__all__ = [
    "Cell",
    "Contrast",
    "Recipe",
    "Settled",
    "Study",
    "cells_of",
    "read_recipe",
    "read_study",
    "settled",
    "study",
]

_HOMES = {
    "Cell": "grid",
    "Contrast": "recipe",
    "Recipe": "recipe",
    "Settled": "contrasts",
    "Study": "records",
    "cells_of": "grid",
    "read_recipe": "recipe",
    "read_study": "records",
    "settled": "contrasts",
    "study": "running",
}

__getattr__ = loaded_on_use(__name__, _HOMES)
