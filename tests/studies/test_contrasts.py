"""When a claim agrees, disagrees, or stays open."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from doppelscan.studies import Recipe, Settled, read_recipe, settled
from studying import RECIPE


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return read_recipe(tmp_path / "recipe.toml")


def cells(recipe: Recipe, few: list[float], many: list[float], half: float = 0.01) -> pd.DataFrame:
    """Cells of 3 and of 6 images, a seed for each pair of values."""
    rows = [
        dict(recipe.fixed)
        | {"images": images, "seed": seed, "copied": value}
        | {"copied_low": value - half, "copied_high": value + half}
        for images, values in ((3, few), (6, many))
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def only(recipe: Recipe, table: pd.DataFrame) -> Settled:
    (one,) = settled(recipe, table)
    return one


def test_a_clear_difference_as_claimed_agrees(recipe: Recipe) -> None:
    one = only(recipe, cells(recipe, [0.5, 0.52, 0.49], [0.1, 0.11, 0.08]))
    assert one.verdict == "agrees"
    assert one.difference.value == pytest.approx(np.mean([-0.4, -0.41, -0.41]))


def test_a_clear_difference_against_the_claim_disagrees(recipe: Recipe) -> None:
    assert only(recipe, cells(recipe, [0.1, 0.11, 0.08], [0.5, 0.52, 0.49])).verdict == "disagrees"


def test_a_difference_lost_in_its_scatter_is_unresolved(recipe: Recipe) -> None:
    assert only(recipe, cells(recipe, [0.5, 0.1, 0.3], [0.2, 0.3, 0.1])).verdict == "unresolved"


def test_the_interval_is_students_over_seeds(recipe: Recipe) -> None:
    few, many = [0.5, 0.6, 0.4, 0.55], [0.2, 0.3, 0.25, 0.1]
    found = only(recipe, cells(recipe, few, many, half=1e-9)).difference
    oracle = stats.ttest_1samp(np.subtract(many, few), 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))
    assert found.n == 4


def test_seeds_that_agree_by_chance_are_no_more_certain_than_their_audits(recipe: Recipe) -> None:
    sure = only(recipe, cells(recipe, [0.5] * 3, [0.4] * 3, half=0.001))
    unsure = only(recipe, cells(recipe, [0.5] * 3, [0.4] * 3, half=0.3))
    assert (sure.verdict, unsure.verdict) == ("agrees", "unresolved")


def test_one_seed_settles_nothing(recipe: Recipe) -> None:
    one = only(recipe, cells(recipe, [0.5], [0.0]))
    assert (one.verdict, one.difference.n) == ("unresolved", 1)
    assert math.isnan(one.detectable)


def test_no_pair_of_cells_settles_nothing(recipe: Recipe) -> None:
    table = cells(recipe, [0.5, 0.4], [])
    assert (only(recipe, table).verdict, only(recipe, table).difference.n) == ("unresolved", 0)


def test_an_outcome_that_is_absent_does_not_count(recipe: Recipe) -> None:
    assert only(recipe, cells(recipe, [0.5, 0.5, math.nan], [0.1, 0.12, 0.1])).difference.n == 2


def test_combinations_of_one_seed_count_once(recipe: Recipe) -> None:
    once = cells(recipe, [0.5, 0.52, 0.49], [0.1, 0.11, 0.08])
    both = pd.concat([once, once.assign(samples=8)])
    assert only(recipe, both).difference.n == 3


def test_what_is_detectable_is_found_in_8_of_10_repetitions(recipe: Recipe) -> None:
    chance, seeds = np.random.default_rng(0), 5
    detectable = [
        only(recipe, cells(recipe, list(chance.normal(0, 0.1, seeds)), [0.0] * seeds, 1e-9)).detectable
        for _ in range(100)
    ]
    true = float(np.sqrt(np.mean(np.square(detectable))))
    found = [
        only(recipe, cells(recipe, list(true + chance.normal(0, 0.1, seeds)), [0.0] * seeds, 1e-9)).verdict
        for _ in range(200)
    ]
    assert 0.7 < np.mean([verdict == "agrees" for verdict in found]) < 0.95
