"""The recipes at their smallest scale: what must come out on two cores, in minutes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from doppelscan.settings import Resources
from doppelscan.studies import read_recipe, study

pytestmark = pytest.mark.slow
RECIPES = Path(__file__).parents[2] / "recipes"


def smoke(name: str, folder: Path) -> pd.DataFrame:
    recipe = read_recipe(RECIPES / f"{name}.toml", "smoke")
    done = study(recipe, out=folder, data=folder, resources=Resources(workers=1, device="cpu"))
    assert done.failures == {}
    return done.cells


def test_twelve_films_are_known_by_heart_and_twice_as_many_less(tmp_path: Path) -> None:
    cells = smoke("akbar", tmp_path).set_index("images")
    assert cells.loc[12, "copied_low"] > 0.5  # measured: 100% (93% to 100%)
    assert cells.loc[24, "copied_high"] < cells.loc[12, "copied_low"]  # 62% (45% to 77%)
    assert cells.loc[12, "frechet"] < cells.loc[24, "frechet"]  # which rewards the copies
    assert cells.loc[12, "gap"] > cells.loc[24, "gap"] > 0


def test_latent_diffusion_copies_more_than_the_vae(tmp_path: Path) -> None:
    cells = smoke("dar", tmp_path).set_index("family")
    assert cells.loc["latent_diffusion", "copied_low"] > 0.5  # measured: 96% (86% to 99.5%)
    assert cells.loc["vae", "copied"] < cells.loc["latent_diffusion", "copied"]  # 78% (64% to 89%)
