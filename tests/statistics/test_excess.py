from __future__ import annotations

import numpy as np
import pytest

from doppelscan.statistics import PatientNull, excess_share


def test_the_excess_of_small_p_values_is_the_share() -> None:
    p = np.append(np.linspace(0.0005, 1, 800), np.full(200, 1e-6))
    found = excess_share(p)
    assert found.value == pytest.approx(0.2, abs=0.002)
    assert found.low < 0.2 < found.high
    assert found.n == 1000


def test_fewer_small_p_values_than_chance_gives_are_no_excess() -> None:
    found = excess_share(np.linspace(0.2, 1, 300))
    assert (found.value, found.low) == (0, 0)


def test_all_copies_are_all_excess() -> None:
    found = excess_share(np.full(50, 1e-5))
    assert (found.value, found.high) == (1, 1)


def test_copies_show_beside_a_null_whose_p_values_are_all_too_large() -> None:
    found = excess_share(np.append(np.linspace(0.15, 1, 280), np.full(20, 1e-6)))
    assert found.low > 0.02
    assert found.value == pytest.approx(20 / 300, abs=0.01)
    assert found.high > 20 / 300


def test_nothing_to_count_is_unknown() -> None:
    assert not excess_share(np.zeros(0), np.zeros((5, 0))).known


def test_a_null_that_could_have_been_another_widens_the_interval() -> None:
    rng = np.random.default_rng(0)
    null = PatientNull(rng.normal(size=60), np.arange(60))
    x = rng.normal(size=500)
    p = null.p_values(x).p
    alone, with_null = excess_share(p), excess_share(p, null.p_values_resampled(x, 100, 0))
    assert alone.value == with_null.value
    assert with_null.high > alone.high


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3])
def test_the_interval_holds_the_truth(share: float) -> None:
    rng, held = np.random.default_rng(1), []
    n_copies = round(300 * share)
    for _ in range(50):
        null = PatientNull(rng.normal(size=100), np.arange(100))
        x = np.append(rng.normal(size=300 - n_copies), np.full(n_copies, 8.0))
        found = excess_share(null.p_values(x).p, null.p_values_resampled(x, 40, 0))
        held.append(found.low <= share <= found.high)
    assert np.mean(held) >= 0.9
