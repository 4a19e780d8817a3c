"""The kernel distance: against plain loops, unbiased, patients apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from doppelscan.quality import kernel
from doppelscan.quality.kernel import kernel_distance, kernel_distance_in_blocks

from .clouds import cloud


def in_loops(x: np.ndarray, y: np.ndarray, own: np.ndarray) -> float:
    """The unbiased squared discrepancy, pair by pair; of torchmetrics where each image is a group of its own."""
    k = lambda a, b: (a @ b / len(a) + 1) ** 3  # noqa: E731
    among_x = [k(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if own[i] != own[j]]
    among_y = [k(y[i], y[j]) for i in range(len(y)) for j in range(len(y)) if i != j]
    across = [k(a, b) for a in x for b in y]
    return float(np.mean(among_x) + np.mean(among_y) - 2 * np.mean(across))


@pytest.mark.parametrize("each", [1, 3])
def test_it_is_the_published_formula_without_pairs_of_one_patient(each: int) -> None:
    x, y = cloud(12, 5), cloud(9, 5, at=0.4, seed=1)
    own = np.arange(12) // each
    assert kernel_distance(x, y, (own, np.arange(9))) == pytest.approx(in_loops(x, y, own), abs=1e-12)


def test_without_groups_each_image_stands_for_itself() -> None:
    x, y = cloud(12, 5).astype(np.float32), cloud(9, 5, seed=1).astype(np.float32)
    assert kernel_distance(x, y) == pytest.approx(
        in_loops(x.astype(float), y.astype(float), np.arange(12)), abs=1e-4
    )


def test_it_does_not_depend_on_the_size_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = cloud(30, 5), cloud(20, 5, seed=1)
    whole = kernel_distance(x, y)
    monkeypatch.setattr(kernel, "_NUMBERS", 50)
    assert kernel_distance(x, y) == pytest.approx(whole, abs=1e-12)


def test_it_is_unbiased_even_where_patients_have_several_images() -> None:
    found, naive = [], []
    for k in range(60):
        x = np.repeat(cloud(15, 4, seed=k), 3, axis=0) + 0.1 * cloud(45, 4, seed=1000 + k)
        y = cloud(40, 4, scale=math.sqrt(1.01), seed=2000 + k)
        found.append(kernel_distance(x, y, (np.arange(45) // 3, np.arange(40))))
        naive.append(kernel_distance(x, y))
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 3 * error
    assert np.mean(naive) > 5 * error


def test_sets_too_small_for_pairs_have_none() -> None:
    assert math.isnan(kernel_distance(cloud(1, 4), cloud(5, 4)))
    assert math.isnan(kernel_distance(cloud(4, 4), cloud(5, 4), (np.zeros(4, int), np.arange(5))))


def test_constant_vectors_and_duplicates_are_at_no_distance() -> None:
    same = np.ones((6, 3))
    assert kernel_distance(same, same) == pytest.approx(0.0, abs=1e-12)


def test_blocks_as_large_as_the_sets_are_the_whole() -> None:
    x, y = cloud(12, 5), cloud(12, 5, at=0.4, seed=1)
    mean, deviation = kernel_distance_in_blocks(x, y, n_blocks=5)
    assert mean == pytest.approx(kernel_distance(x, y), abs=1e-12)
    assert deviation == pytest.approx(0.0, abs=1e-12)


def test_blocks_vary_about_the_whole_and_are_the_same_again() -> None:
    x, y = cloud(200, 5), cloud(200, 5, at=0.4, seed=1)
    mean, deviation = kernel_distance_in_blocks(x, y, size=50, n_blocks=80, seed=2)
    assert abs(mean - kernel_distance(x, y)) < 3 * deviation / np.sqrt(80) + 0.2 * deviation
    assert deviation > 0
    assert (mean, deviation) == kernel_distance_in_blocks(x, y, size=50, n_blocks=80, seed=2)
