"""The recipes that come with the project can be run as they are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from doppelscan.generators import changed, family_named
from doppelscan.studies import cells_of, read_recipe
from doppelscan.studies.running import check
from doppelscan.studies.shipped import recipe_named, shipped_recipes
from doppelscan.studies.utilities import UTILITY_RECIPE, read_utility_recipe

ROOT = Path(__file__).parents[2]
EVERY = sorted((ROOT / "recipes").glob("*.toml"))
OF_UTILITY = [path for path in EVERY if tomllib.loads(path.read_text())["format"] == UTILITY_RECIPE]
RECIPES = [path for path in EVERY if path not in OF_UTILITY]


def scales(paths: list[Path]) -> list[tuple[Path, str | None]]:
    return [
        (path, scale) for path in paths for scale in (None, *tomllib.loads(path.read_text()).get("scale", {}))
    ]


SCALES = scales(RECIPES)


@pytest.mark.parametrize(
    ("path", "scale"), scales(OF_UTILITY), ids=lambda one: getattr(one, "stem", str(one))
)
def test_a_recipe_of_utility_has_settings_and_generators_that_there_are(
    path: Path, scale: str | None
) -> None:
    recipe = read_utility_recipe(path, scale)
    for source in recipe.sources:
        assert recipe.settings(source).n_seeds >= 3
    for generator in recipe.generators.values():
        assert changed(family_named(generator.family).presets[generator.preset], list(generator.settings))


@pytest.mark.parametrize(("path", "scale"), SCALES, ids=[f"{path.stem} {scale}" for path, scale in SCALES])
def test_a_recipe_has_cells_whose_settings_there_are(path: Path, scale: str | None) -> None:
    recipe = read_recipe(path, scale)
    check(recipe)
    cells = cells_of(recipe)
    assert len({cell.name for cell in cells}) == len(cells) > 0


@pytest.mark.parametrize(("path", "scale"), SCALES, ids=[f"{path.stem} {scale}" for path, scale in SCALES])
def test_every_claim_has_cells_to_compare(path: Path, scale: str | None) -> None:
    recipe = read_recipe(path, scale)
    cells = cells_of(recipe)
    for contrast in recipe.contrasts:
        of = [cell for cell in cells if all(cell[name] == level for name, level in contrast.where.items())]
        sides = [
            {
                (*(level for name, level in cell.levels if name != contrast.factor), cell.seed)
                for cell in of
                if cell[contrast.factor] == level
            }
            for level in (contrast.low, contrast.high)
        ]
        assert len({alike[-1] for alike in sides[0] & sides[1]}) == len(recipe.seeds), contrast.claim


@pytest.mark.parametrize("path", EVERY, ids=[path.stem for path in EVERY])
def test_a_header_says_result_cost_hardware_and_command(path: Path) -> None:
    text = path.read_text()
    for what in ("Result:", "Cost:", "Hardware:", f"Command:  doppelscan study recipes/{path.name}"):
        assert f"# {what}" in text


@pytest.mark.parametrize("path", RECIPES, ids=[path.stem for path in RECIPES])
def test_a_header_promises_only_what_there_is(path: Path) -> None:
    header, content = path.read_text().split("\n\n", 1)
    assert set(re.findall(r"--scale (\w+)", header)) <= set(tomllib.loads(content).get("scale", {}))
    assert all((ROOT / page).is_file() for page in re.findall(r"docs/\S+", header))
    counts = {len(cells_of(read_recipe(path, scale))) for of, scale in SCALES if of == path}
    assert {int(count) for count in re.findall(r"(\d+) trainings", header)} == counts


def test_a_shipped_recipe_is_found_by_its_name_unless_a_file_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped_recipes() == {path.stem: path for path in EVERY}
    (tmp_path / "dar").mkdir()  # the folder that a first run wrote
    assert recipe_named(Path("dar")) == ROOT / "recipes/dar.toml"
    (tmp_path / "akbar").write_text("mine")
    assert recipe_named(Path("akbar")) == Path("akbar")
    assert recipe_named(Path("recipes/none.toml")) == Path("recipes/none.toml")
