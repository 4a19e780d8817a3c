"""Distances in blocks are those of plain loops, and equal vectors are at none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doppelscan.quality import distances
from doppelscan.quality.distances import blocks, directions, farthest_of, nearest_of

from .clouds import cloud


def all_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.array([[np.sqrt(((a - b) ** 2).sum()) for b in y] for a in x])


@pytest.mark.parametrize("numbers", [2**23, 20])
def test_blocks_are_the_rows_in_order(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "_NUMBERS", numbers)
    x, y = cloud(13, 4), cloud(7, 4, seed=1)
    found = np.concatenate([block.distances for block in blocks(x, y)])
    assert found == pytest.approx(all_distances(x, y), abs=1e-7)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_nearest_and_kth_are_those_of_sorted_loops(n: int, k: int, seed: int) -> None:
    x, y = cloud(n, 3, seed=seed), cloud(5, 3, seed=seed + 1)
    far = all_distances(x, y)
    which, how_far = nearest_of(x, y)
    assert which.tolist() == far.argmin(1).tolist()
    assert how_far == pytest.approx(far.min(1), abs=1e-7)
    own = np.sort(all_distances(x, x), axis=1)  # the first is each itself
    expected = own[:, min(k, n - 1)] if n > 1 else np.full(n, np.nan)
    assert farthest_of(x, k) == pytest.approx(expected, abs=1e-7, nan_ok=True)


def test_equal_vectors_are_at_exactly_no_distance_however_long() -> None:
    x = 1e4 + cloud(20, 50)
    assert (nearest_of(x, x)[1] == 0).all()
    assert (farthest_of(np.repeat(x, 2, axis=0), 1) == 0).all()


def test_of_equally_near_ones_the_first_is_taken() -> None:
    assert nearest_of(np.zeros((1, 2)), np.array([[3.0, 0], [0, 1.0], [1.0, 0]]))[0].tolist() == [1]


def test_directions_have_length_one_and_zeros_stay() -> None:
    found = directions(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert found.tolist() == [[0.6, 0.8], [0.0, 0.0]]
