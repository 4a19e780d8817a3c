"""Kappa is what the papers' examples say, and its interval holds the truth as often as it promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.seeds import stream
from doppelscan.statistics import cohen_kappa, fleiss_kappa

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


def loop_cohen(first: list[int], second: list[int]) -> float:
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    chance = sum(first.count(c) / n * second.count(c) / n for c in set(first + second))
    return (observed - chance) / (1 - chance) if chance < 1 else math.nan


def loop_fleiss(ratings: np.ndarray) -> float:
    """From the definition, over pairs of readers of one image, for equally many readers of each."""
    n, n_readers = len(ratings), int(ratings[0].sum())
    readings = [np.repeat(np.arange(ratings.shape[1]), row) for row in ratings]
    agreeing = [
        sum(row[i] == row[j] for i in range(n_readers) for j in range(n_readers) if i != j)
        for row in readings
    ]
    observed = sum(agreeing) / (n * n_readers * (n_readers - 1))
    chance = sum((ratings[:, c].sum() / ratings.sum()) ** 2 for c in range(ratings.shape[1]))
    return (observed - chance) / (1 - chance)


# Fleiss (1971) as worked in the common textbook example: 10 subjects, 14 readers, 5 categories
TEXTBOOK = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


@settings(deadline=None)
@given(pairs)
def test_two_readers_agree_as_in_loops(rows: list[tuple[int, int]]) -> None:
    first, second = (list(column) for column in zip(*rows, strict=True))
    found = cohen_kappa(np.array(first), np.array(second), np.arange(len(rows)))
    expected = loop_cohen(first, second)
    if math.isnan(expected):
        assert (found.known, found.low, found.high, found.n) == (False, -1, 1, 0)
        return
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high
    assert found.n == len(rows)


def test_two_readers_agree_as_scikit_learn_says() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    first, second = stream(0).integers(0, 3, (2, 200))
    found = cohen_kappa(first, second, np.arange(200))
    assert found.value == pytest.approx(metrics.cohen_kappa_score(first, second))


def test_the_interval_of_many_images_is_the_asymptotic_one() -> None:
    """Fleiss, Cohen and Everitt (1969), written out for the table of 2 x 2."""
    cells = np.array([[118, 27], [19, 136]])
    first = np.repeat([0, 0, 1, 1], cells.ravel())
    second = np.repeat([0, 1, 0, 1], cells.ravel())
    found = cohen_kappa(first, second, np.arange(cells.sum()))
    p = cells / cells.sum()
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, chance = p.trace(), float(rows @ columns)
    kappa = (observed - chance) / (1 - chance)
    on = sum(p[i, i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in range(2))
    off = sum(p[i, j] * (columns[i] + rows[j]) ** 2 for i in range(2) for j in range(2) if i != j)
    variance = on + (1 - kappa) ** 2 * off - (kappa - chance * (1 - kappa)) ** 2
    error = math.sqrt(variance / cells.sum()) / (1 - chance)
    assert found.value == pytest.approx(kappa)
    assert found.value - found.low == pytest.approx(1.96 * error, rel=0.15)
    assert found.high - found.value == pytest.approx(1.96 * error, rel=0.15)


def test_many_readers_agree_as_in_the_textbook() -> None:
    found = fleiss_kappa(TEXTBOOK, np.arange(10))
    assert found.value == pytest.approx(0.210, abs=5e-4)
    assert found.value == pytest.approx(loop_fleiss(TEXTBOOK))
    assert found.n == 10
    assert found.low < 0.1 < 0.3 < found.high  # noqa: PLR0133 - a chain


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=2, max_size=12))
def test_many_readers_agree_as_in_loops(readings: list[list[int]]) -> None:
    ratings = np.array([[row.count(category) for category in range(3)] for row in readings])
    found = fleiss_kappa(ratings, np.arange(len(readings)))
    if len({category for row in readings for category in row}) == 1:
        assert not found.known
        return
    assert found.value == pytest.approx(loop_fleiss(ratings), abs=1e-12)
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_images_with_one_reader_say_nothing() -> None:
    alone = np.zeros((4, 5), int)
    alone[:, 1] = [1, 0, 1, 1]
    found = fleiss_kappa(np.vstack([TEXTBOOK, alone]), np.arange(14))
    assert found == fleiss_kappa(TEXTBOOK, np.arange(10))
    nobody = fleiss_kappa(alone, np.arange(4))
    assert (nobody.known, nobody.low, nobody.high, nobody.n) == (False, -1, 1, 0)


def test_readers_who_agree_in_everything_leave_room_for_doubt() -> None:
    labels = np.array([0, 1] * 20)
    found = cohen_kappa(labels, labels, np.arange(40))
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.7 < found.low < 0.9
    many = fleiss_kappa(np.eye(2, dtype=int)[labels] * 4, np.arange(40))
    assert many.value == 1.0
    assert many.low == pytest.approx(found.low)
    assert cohen_kappa(labels, labels, np.arange(40) // 10).low < found.low


def test_one_patient_alone_says_nothing_of_others() -> None:
    found = cohen_kappa(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]), np.zeros(4, int))
    assert (found.low, found.high) == (-1, 1)


def test_readers_who_always_disagree_are_below_chance() -> None:
    labels = np.array([0, 1] * 30)
    found = cohen_kappa(labels, 1 - labels, np.arange(60))
    assert (found.value, found.low) == (-1.0, -1.0)
    assert found.high < -0.7


@pytest.mark.parametrize(("n", "right", "images"), [(60, 0.9, 1), (60, 0.75, 1), (40, 0.9, 4)])
def test_intervals_hold_the_truth_as_often_as_they_promise(n: int, right: float, images: int) -> None:
    """Three readers who each see what is there with the same chance, alike on images of one patient."""
    rng, patient = stream(1, images), np.repeat(np.arange(n), images)
    held = []
    one = 0.3 * right + 0.7 * (1 - right)
    chance = one**2 + (1 - one) ** 2
    truth = (right**2 + (1 - right) ** 2 - chance) / (1 - chance)
    for _ in range(150):
        there = rng.random(n) < 0.3
        readings = (there[:, None] ^ (rng.random((n, 3)) > right))[patient].astype(int)
        two = cohen_kappa(readings[:, 0], readings[:, 1], patient)
        three = fleiss_kappa(np.column_stack([3 - readings.sum(axis=1), readings.sum(axis=1)]), patient)
        held.append([found.low <= truth <= found.high for found in (two, three)])
    assert np.all(np.mean(held, axis=0) >= 0.91)
