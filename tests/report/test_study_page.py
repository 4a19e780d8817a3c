"""The page of a study says whether quality warns of copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from doppelscan.estimates import Estimate
from doppelscan.report import write_study_page
from doppelscan.studies import Study, cells_of, read_recipe
from doppelscan.studies.records import row_of, table_of, write_study
from studying import RECIPE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return tmp_path


def written(folder: Path, copied: Sequence[float], frechet: Sequence[float]) -> str:
    """The page of a study whose cells have these outcomes."""
    recipe = replace(read_recipe(folder / "recipe.toml"), seeds=tuple(range(len(copied) // 2)))
    rows = [
        row_of(cell.name, cell, {"copied": Estimate(a, a, a, 9), "frechet": Estimate(b, b, b, 9)}, {})
        for cell, a, b in zip(cells_of(recipe), copied, frechet, strict=True)
    ]
    write_study(folder, Study(recipe, table_of(recipe, rows), {}))
    return write_study_page(folder).read_text()


def test_a_distance_that_falls_where_more_is_copied_is_said_to(folder: Path) -> None:
    page = written(folder, copied=[0.9, 0.7, 0.5, 0.3, 0.2, 0.0], frechet=[1, 2, 3, 4, 6, 5])
    assert "Does quality warn of copies?" in page
    (row,) = [
        line
        for line in page.splitlines()
        if "Frechet distance to the training images" in line and 'scope="row"' in line
    ]
    assert ">-0.9429<" in row
    assert '<td class="number">6</td>' in row


def test_of_two_cells_nothing_is_said(folder: Path) -> None:
    assert "Does quality warn of copies?" not in written(folder, copied=[0.9, 0.1], frechet=[1, 2])
