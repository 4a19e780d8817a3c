"""Intervals cover what they should: over patients, and over seeds however few."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.utility.resampling import Resampling, estimate_of, p_value_of, resampling


def test_weights_count_patients_whole() -> None:
    patients = np.array([0, 0, 1, 2, 2, 2])
    how = resampling(patients, 3, 50, 0)
    assert (how.weights[0] == 1).all()
    assert (how.weights[:, 0] == how.weights[:, 1]).all()
    assert (how.weights[1:, [0, 2, 3]].sum(axis=1) == 3).all()


@pytest.mark.parametrize("n_seeds", [3, 8])
def test_intervals_over_seeds_cover_the_truth_about_95_times_in_100(n_seeds: int) -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(300):
        values = np.repeat(rng.normal(0.5, 0.05, (n_seeds, 1)), 401, axis=1)
        how = Resampling(np.ones((401, 1)), np.random.default_rng(trial).integers(0, n_seeds, (400, n_seeds)))
        found = estimate_of(how.over(values), 1)
        hits += found.low <= 0.5 <= found.high
    assert 0.88 <= hits / 300 <= 0.99


def test_one_seed_leaves_the_patients_alone() -> None:
    values = np.random.default_rng(0).uniform(size=(1, 9))
    how = Resampling(np.ones((9, 1)), np.zeros((8, 1), np.int64))
    np.testing.assert_array_equal(how.over(values), values[0])


def test_p_is_small_where_zero_is_far() -> None:
    rng = np.random.default_rng(0)
    far, near = (np.concatenate([[at], rng.normal(at, 0.01, 400)]) for at in (0.05, 0.005))
    assert p_value_of(far) < 1e-4
    assert p_value_of(near) > 0.3
    assert p_value_of(np.zeros(9)) == 1.0


def test_what_cannot_be_told_is_unknown() -> None:
    assert not estimate_of(np.full(5, np.nan), 10).known
