"""C_T, authenticity and MiFID: the published definitions, and the blind spots that their docstrings say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from doppelscan.quality.copying import authentic, cells_of, cosine_distance, data_copying, mifid
from doppelscan.quality.distances import nearest_of
from doppelscan.quality.frechet import frechet_distance

from .clouds import cloud


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b))


def ct(train: np.ndarray, drawn: np.ndarray, held: np.ndarray) -> float:
    far = nearest_of(drawn, train)[1], nearest_of(held, train)[1]
    return data_copying(far, cells_of(train, (drawn, held), seed=0))


def test_authenticity_is_the_published_definition() -> None:
    train, drawn = cloud(20, 3), cloud(15, 3, seed=1)
    expected = []
    for y in drawn:
        i = min(range(20), key=lambda k: distance(y, train[k]))
        own = min(distance(train[i], train[k]) for k in range(20) if k != i)
        expected.append(distance(y, train[i]) > own)
    assert authentic(train, drawn).tolist() == expected


def test_copies_are_not_authentic_unless_the_training_set_holds_duplicates() -> None:
    train = cloud(20, 3)
    copies = train + 1e-3
    assert not authentic(train, copies).any()
    assert authentic(np.concatenate([train, train]), copies).all()  # the blind spot


def test_a_perfect_generator_is_authentic_about_half_of_the_time() -> None:
    shares = [authentic(cloud(200, 4, seed=k), cloud(200, 4, seed=100 + k)).mean() for k in range(10)]
    assert 0.45 < np.mean(shares) < 0.7


def test_one_training_image_judges_nobody() -> None:
    assert authentic(cloud(1, 3), cloud(4, 3, seed=1)).all()


def test_ct_in_one_cell_is_the_standardised_count_of_pairs() -> None:
    far, held = np.array([1.0, 2.0, 5.0]), np.array([2.0, 3.0, 4.0, 6.0])
    u = sum((q > p) + 0.5 * (q == p) for q in far for p in held)
    expected = (u - 3 * 4 / 2) / math.sqrt(3 * 4 * 8 / 12)
    assert data_copying((far, held), (np.zeros(3, int), np.zeros(4, int))) == pytest.approx(expected)


def test_ct_averages_cells_by_the_held_out_images_in_them_and_leaves_out_small_ones() -> None:
    far, held = cloud(100, 1)[:, 0], cloud(90, 1, seed=1)[:, 0]
    cell = np.repeat([0, 1, 2], [40, 40, 20]), np.repeat([0, 1, 2], [30, 50, 10])
    one = [
        data_copying((far[cell[0] == c], held[cell[1] == c]), (np.zeros(40, int), np.zeros(n, int)))
        for c, n in ((0, 30), (1, 50))
    ]
    assert data_copying((far, held), cell) == pytest.approx((30 * one[0] + 50 * one[1]) / 80)


def test_ct_is_far_below_zero_for_copies_and_near_it_for_fresh_draws() -> None:
    train, held = cloud(150, 4), cloud(120, 4, seed=1)
    assert ct(train, train[:120] + 0.01, held) < -5
    assert abs(np.mean([ct(train, cloud(120, 4, seed=2 + k), held) for k in range(5)])) < 2


def test_ct_does_not_see_few_copies_among_images_that_lie_far() -> None:
    train, held = cloud(150, 4), cloud(120, 4, seed=1)
    drawn = np.concatenate([train[:20], cloud(100, 4, scale=1.5, seed=2)])
    assert ct(train, drawn, held) > -1  # the blind spot


def test_ct_of_nothing_is_unknown() -> None:
    none = np.empty(0)
    assert math.isnan(data_copying((none, np.ones(3)), (none.astype(int), np.zeros(3, int))))


def test_cells_are_regions_about_means_and_the_same_again() -> None:
    train = np.concatenate([cloud(100, 2), cloud(100, 2, at=30.0, seed=1)])
    (near, far), again = (
        cells_of(train, (cloud(9, 2, seed=2), cloud(9, 2, at=30.0, seed=3)), seed=4) for _ in "ab"
    )
    assert not set(near) & set(far)
    assert (near == again[0]).all()
    assert set(cells_of(cloud(20, 2), (cloud(5, 2),), seed=0)[0]) == {0}


def test_mifid_is_the_distance_over_the_penalty_below_the_threshold() -> None:
    real = 5 + cloud(60, 4)
    near, apart = real + 0.1 * cloud(60, 4, seed=1), cloud(60, 4, seed=2)
    cos = [max(abs(a @ b) / np.linalg.norm(a) / np.linalg.norm(b) for b in real) for a in near]
    s = float(np.mean([1 - c for c in cos]))
    assert s < 0.1
    assert cosine_distance(real, near) == pytest.approx(s)
    assert mifid(real, near) == pytest.approx(frechet_distance(real, near) / s, rel=1e-9)
    assert cosine_distance(cloud(3, 30), cloud(60, 30, seed=2)) > 0.1
    assert mifid(cloud(3, 30), cloud(60, 30, seed=2)) == frechet_distance(cloud(3, 30), cloud(60, 30, seed=2))
    assert mifid(real, apart) > 0


def test_mifid_rewards_copies_of_the_whole_set() -> None:
    real = cloud(200, 3)
    fresh = mifid(real, cloud(200, 3, seed=1))
    noisy = mifid(real, real + 0.02 * cloud(200, 3, seed=2))
    assert mifid(real, real) == pytest.approx(0.0, abs=1e-6) or mifid(real, real) < noisy < fresh
    assert noisy < fresh


def test_zeros_lie_near_nothing() -> None:
    assert cosine_distance(cloud(4, 3), np.zeros((2, 3))) == 1.0


def test_images_in_no_cell_are_left_out_and_small_cells_are_tested_where_that_is_asked() -> None:
    far, held = cloud(60, 1)[:, 0], cloud(60, 1, seed=1)[:, 0]
    cell = np.repeat([0, -1], [40, 20]), np.repeat([0, -1], [40, 20])
    alone = data_copying((far[:40], held[:40]), (np.zeros(40, int), np.zeros(40, int)))
    assert data_copying((far, held), cell) == pytest.approx(alone)
    few = np.repeat([0, 1], [50, 10]), np.repeat([0, 1], [50, 10])
    assert data_copying((far, held), few) != pytest.approx(data_copying((far, held), few, least=5))
