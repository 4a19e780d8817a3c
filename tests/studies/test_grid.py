"""Which cells a recipe asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from doppelscan.studies import Recipe, cells_of, read_recipe
from studying import RECIPE


def recipe(folder: Path, text: str = RECIPE) -> Recipe:
    (folder / "recipe.toml").write_text(text)
    return read_recipe(folder / "recipe.toml")


def test_each_combination_runs_once_for_each_seed(tmp_path: Path) -> None:
    cells = cells_of(recipe(tmp_path))
    assert [(cell["images"], cell.seed) for cell in cells] == [(3, 0), (3, 1), (6, 0), (6, 1)]


def test_a_cell_of_two_blocks_runs_once(tmp_path: Path) -> None:
    twice = recipe(tmp_path, RECIPE.replace("[levels.length]", "[[grid]]\nimages = [6]\n\n[levels.length]"))
    assert len(cells_of(twice)) == 4


def test_without_a_grid_there_is_one_cell_a_seed(tmp_path: Path) -> None:
    assert len(cells_of(replace(recipe(tmp_path), grid=()))) == 2


def test_levels_become_changes_of_the_familys_settings(tmp_path: Path) -> None:
    cell = cells_of(recipe(tmp_path))[0]
    assert cell.changes[0] == "n_images=8"
    assert "batch=4" in cell.changes


def test_levels_of_other_families_change_nothing(tmp_path: Path) -> None:
    text = RECIPE.replace('short = { ddpm = ["n_images=8"] }', 'short = { vae = ["n_images=8"] }')
    assert "n_images=8" not in cells_of(recipe(tmp_path, text))[0].changes


def test_names_tell_cells_apart(tmp_path: Path) -> None:
    cells = cells_of(recipe(tmp_path))
    assert len({cell.name for cell in cells}) == len(cells)
