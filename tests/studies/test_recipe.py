"""What a recipe may say, and how it is told what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from doppelscan.errors import FormatError, InputError
from doppelscan.studies.recipe import read_recipe
from studying import RECIPE


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


def refused(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        read_recipe(written(folder, text))
    return str(caught.value)


def test_a_recipe_is_read_as_it_is_written(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path, RECIPE))
    assert recipe.seeds == (0, 1)
    assert recipe.sources["chest"].phantoms == "chest"
    assert recipe.grid == ({"images": (3, 6)},)
    assert recipe.levels["length"]["short"] == {"ddpm": ("n_images=8",)}
    assert recipe.contrasts[0].expected == "lower"


def test_a_scale_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    path = written(tmp_path, RECIPE + "\n[scale.smoke]\nseeds = [7]\n[scale.smoke.fixed]\nsamples = 3\n")
    assert read_recipe(path).seeds == (0, 1)
    small = read_recipe(path, "smoke")
    assert (small.seeds, small.fixed["samples"], small.fixed["images"]) == ((7,), 3, 6)


def test_an_unknown_scale_is_refused_with_those_there_are(tmp_path: Path) -> None:
    path = written(tmp_path, RECIPE + "\n[scale.smoke]\nseeds = [7]\n")
    with pytest.raises(InputError, match=r"'huge' is no scale of recipe.toml \(one of smoke\)"):
        read_recipe(path, "huge")


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is no recipe"):
        read_recipe(written(tmp_path, 'format = "other"\n'))


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert "cannot be read as a recipe" in refused(tmp_path, "format = ")


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = RECIPE.replace("images = [3, 6]", 'images = [0, 6]\ncolour = ["red"]\nsource = ["knee"]')
    text = text.replace('outcome = "copied"', 'outcome = "beauty"')
    said = refused(tmp_path, text)
    for what in ("images is 0", "'colour' is no factor", "'knee' is no source", "'beauty' is not measured"):
        assert what in said


def test_a_factor_without_a_usual_level_is_refused(tmp_path: Path) -> None:
    assert "say what length is" in refused(tmp_path, RECIPE.replace('length = "short"\n', "", 1))


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    assert "chest.colour" in refused(tmp_path, RECIPE.replace("size = 16", "size = 16\ncolour = 3"))


def test_a_source_is_either_real_or_made(tmp_path: Path) -> None:
    assert "either images or phantoms" in refused(tmp_path, RECIPE.replace("size = 16", 'images = "films"'))
