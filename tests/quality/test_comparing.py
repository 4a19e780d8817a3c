"""Intervals from halves, and what a perfect generator would get: known answers, coverage, edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from doppelscan.quality.comparing import (
    Drawing,
    Features,
    compared,
    described,
    halves_of,
    one_of_each,
    some_of,
)
from doppelscan.quality.measures import _balls, _distances, _spread
from doppelscan.seeds import stream
from doppelscan.workers import silent

from .clouds import cloud, features


def drawing(n_draws: int = 50, seed: int = 0) -> Drawing:
    return Drawing(n_draws, seed, silent)


def differ(real: Features, drawn: Features) -> dict[str, float]:
    """The difference of means, under a name that has no limits."""
    return {"kid": float(real.vectors.mean() - drawn.vectors.mean())}


def patients(n: int, each: int, seed: int, within: float) -> Features:
    """Images of a patient correlate by `within`."""
    own = np.repeat(cloud(n, 1, seed=seed), each, axis=0)
    vectors = math.sqrt(within) * own + math.sqrt(1 - within) * cloud(n * each, 1, seed=1000 + seed)
    return features(vectors, each)


def test_halves_share_no_patient_and_hold_every_image() -> None:
    real = features(cloud(30, 2), 3)
    first, second = halves_of(real, stream(0, "x"))
    assert not set(first.patient) & set(second.patient)
    assert len(first) == len(second) == 15
    assert {tuple(v) for v in [*first.vectors, *second.vectors]} == {tuple(v) for v in real.vectors}


def test_one_of_each_takes_any_image_of_every_patient() -> None:
    real = features(np.arange(12.0)[:, None], 4)
    taken = {one_of_each(real, stream(k, "x")).vectors[0, 0] for k in range(40)}
    assert taken == {0.0, 1.0, 2.0, 3.0}
    assert one_of_each(real, stream(0, "x")).patient.tolist() == [0, 1, 2]


def test_some_are_different_ones_in_their_order() -> None:
    found = some_of(features(np.arange(9.0)[:, None]), 4, stream(0, "x")).vectors[:, 0]
    assert len(set(found)) == 4
    assert sorted(found) == found.tolist()


@pytest.mark.parametrize(("each", "within"), [(1, 0.0), (4, 0.8)])
def test_intervals_of_a_difference_of_means_hold_as_often_as_they_say(each: int, within: float) -> None:
    held, widths = [], []
    for k in range(100):
        real = patients(40, each, k, within)
        found = compared(differ, real, features(cloud(60, 1, seed=5000 + k)), drawing(seed=k), "x")[
            "kid"
        ].value
        held.append(found.low <= 0 <= found.high)
        widths.append(found.high - found.low)
    assert 0.90 <= np.mean(held) <= 0.99
    variance = (within + (1 - within) / each) / 40 + 1 / 60
    assert np.mean(widths) == pytest.approx(2 * 2.02 * math.sqrt(variance), rel=0.12)


def test_a_perfect_generator_lies_within_its_limits_and_another_does_not() -> None:
    held, others = [], []
    for k in range(25):
        real = features(cloud(80, 4, seed=k))
        for shift, into in ((0.0, held), (0.6, others)):
            drawn = features(cloud(80, 4, at=shift, seed=500 + k))
            found = compared(_distances, real, drawn, drawing(12, k), "x")["fid"]
            into.append(found.perfect.low <= found.at_size.value <= found.perfect.high)
    assert np.mean(held) > 0.84
    assert np.mean(others) < 0.2


def test_copies_are_nearer_than_a_perfect_generator_comes() -> None:
    real = features(cloud(80, 4))
    found = compared(_distances, real, features(real.vectors.copy()), drawing(), "x")["fid"]
    assert found.value.value == pytest.approx(0.0, abs=1e-9)
    assert found.at_size.value < found.perfect.value


def test_rates_that_are_one_keep_the_width_of_the_exact_interval() -> None:
    real = features(cloud(40, 3))
    found = compared(_balls, real, features(real.vectors.copy()), drawing(), "x")
    assert found["precision"].value.value == 1
    assert found["precision"].value.low <= 0.912  # Clopper and Pearson's of 40 of 40
    assert found["coverage"].value.high == 1


def test_the_diversity_of_real_images_is_that_of_one_image_a_patient() -> None:
    real = features(np.repeat(cloud(50, 6), 4, axis=0), 4)
    fresh = described(_spread, real, features(cloud(60, 6, seed=1)), drawing(), "x")["mean_distance"]
    assert fresh.perfect.low <= fresh.at_size.value <= fresh.perfect.high
    narrow = described(_spread, real, features(0.5 * cloud(60, 6, seed=1)), drawing(), "x")["mean_distance"]
    assert narrow.at_size.value < narrow.perfect.low


def test_the_same_seed_gives_the_same() -> None:
    real, drawn = features(cloud(20, 3), 2), features(cloud(15, 3, seed=1))
    first, again = (compared(_balls, real, drawn, drawing(5), "x") for _ in "ab")
    assert first == again
    assert first != compared(_balls, real, drawn, drawing(5, seed=1), "x")


@pytest.mark.parametrize(("n", "m"), [(1, 8), (8, 1), (1, 1), (2, 2), (3, 2)])
def test_few_images_have_values_and_intervals_that_say_nothing_where_nothing_is_known(n: int, m: int) -> None:
    real, drawn = features(cloud(n, 3)), features(cloud(m, 3, seed=1))
    found = compared(_distances, real, drawn, drawing(4), "x") | compared(
        _balls, real, drawn, drawing(4), "x"
    )
    assert found["fid"].value.n == m
    if min(n, m) == 1:
        assert found["fid"].value.high == math.inf
        assert not found["fid"].perfect.known
        assert (found["precision"].value.low, found["precision"].value.high) == (0.0, 1.0)
    alone = described(_spread, real, drawn, drawing(4), "x")
    assert alone["vendi"].value.value >= 1


def test_progress_is_told_of_every_draw() -> None:
    told: list[tuple[str, int, int]] = []
    how = Drawing(3, 0, lambda *said: told.append(said))
    compared(_balls, features(cloud(9, 2)), features(cloud(9, 2, seed=1)), how, "balls")
    assert told == [("balls", done, 3) for done in range(4)]
