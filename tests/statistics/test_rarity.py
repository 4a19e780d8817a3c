"""Too few small p-values: the law against SciPy's, and against draws from one population."""

import numpy as np
import pytest
from scipy import stats

from doppelscan.seeds import stream
from doppelscan.statistics.rarity import rarity


@pytest.mark.parametrize(
    ("n_small", "n", "level", "n_null"),
    [(0, 100, 0.1, 999), (3, 40, 0.1, 30), (7, 20, 0.5, 200), (5, 5, 0.2, 9)],
)
def test_the_chance_is_that_of_the_beta_binomial_law(n_small: int, n: int, level: float, n_null: int) -> None:
    k = int(np.floor(level * (n_null + 1) + 1e-9))
    law = stats.betabinom(n, k, n_null + 1 - k)
    found = rarity(n_small, n, level=level, n_null=n_null)
    assert found.chance == pytest.approx(law.cdf(n_small))
    assert found.expected == pytest.approx(law.mean())


def test_images_that_are_like_the_null_are_seldom_called_rare() -> None:
    chance = stream(0, "rarity")
    alarms = 0
    for _ in range(400):
        null, drawn = chance.normal(size=59), chance.normal(size=30)
        p = (1 + (null[:, None] >= drawn).sum(axis=0)) / 60
        alarms += rarity(int((p <= 0.1).sum()), 30, level=0.1, n_null=59).chance < 0.05
    assert alarms <= 0.08 * 400


def test_a_null_that_is_too_small_for_the_level_says_nothing() -> None:
    assert rarity(0, 1000, level=0.1, n_null=5).chance == 1
    assert rarity(0, 0, level=0.1, n_null=500).chance == 1
