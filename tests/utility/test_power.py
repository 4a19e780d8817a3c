"""More scatter asks for more seeds; a small test set for more patients."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.utility.power import seeds_for


def test_the_number_of_seeds_finds_the_effect_in_about_8_of_10_studies() -> None:
    n = seeds_for(0.05, 0.06, 0.0)
    assert n is not None
    rng = np.random.default_rng(0)
    drawn = rng.normal(0.05, 0.06, (4000, n))
    t = drawn.mean(axis=1) / (drawn.std(axis=1, ddof=1) / np.sqrt(n))
    from scipy import special

    assert 0.74 < (t > special.stdtrit(n - 1, 0.975)).mean() < 0.9


@pytest.mark.parametrize(
    ("smaller", "larger"), [((0.05, 0.02, 0.0), (0.02, 0.02, 0.0)), ((0.05, 0.02, 0.0), (0.05, 0.08, 0.0))]
)
def test_smaller_effects_and_more_scatter_ask_for_more(
    smaller: tuple[float, float, float], larger: tuple[float, float, float]
) -> None:
    few, many = seeds_for(*smaller), seeds_for(*larger)
    assert few is not None
    assert many is not None
    assert few < many


def test_no_number_of_seeds_makes_up_for_few_patients() -> None:
    assert seeds_for(0.01, 0.001, 0.05) is None
