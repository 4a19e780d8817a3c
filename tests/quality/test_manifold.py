"""Precision, recall, density, coverage, realism: against plain loops, known answers, edges."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.quality import distances
from doppelscan.quality.manifold import manifold

from .clouds import cloud


def far(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(((a - b) ** 2).sum()))


def radius(of: np.ndarray, i: int, k: int) -> float:
    return sorted(far(of[i], of[j]) for j in range(len(of)) if j != i)[k - 1]


def in_loops(real: np.ndarray, drawn: np.ndarray) -> dict[str, list[float]]:
    """The published definitions, one image after the other."""
    near, wide = ([radius(real, i, k) for i in range(len(real))] for k in (3, 5))
    own = [radius(drawn, j, 3) for j in range(len(drawn))]
    middle = np.median(near)
    return {
        "real_like": [any(far(y, x) <= r for x, r in zip(real, near, strict=True)) for y in drawn],
        "reached": [any(far(x, y) <= r for y, r in zip(drawn, own, strict=True)) for x in real],
        "n_balls": [sum(far(y, x) <= r for x, r in zip(real, wide, strict=True)) for y in drawn],
        "covered": [any(far(y, x) <= r for y in drawn) for x, r in zip(real, wide, strict=True)],
        "realism": [
            max(r / far(y, x) for x, r in zip(real, near, strict=True) if r <= middle) for y in drawn
        ],
    }


@pytest.mark.parametrize("numbers", [2**23, 60])
def test_every_number_is_that_of_the_definition(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "_NUMBERS", numbers)
    real, drawn = cloud(25, 3), cloud(18, 3, at=0.7, scale=0.9, seed=1)
    found = manifold(real, drawn)
    for name, expected in in_loops(real, drawn).items():
        assert getattr(found, name).tolist() == pytest.approx(expected, rel=1e-6)
    assert found.density.mean() == pytest.approx(found.n_balls.mean() / 5)
    assert 0 < found.real_like.mean() < 1


def test_copies_are_all_real_like_and_cover_all() -> None:
    real = cloud(30, 4)
    found = manifold(real, real.copy())
    assert found.real_like.all()
    assert found.reached.all()
    assert found.covered.all()
    assert np.isinf(found.realism).mean() >= 0.5  # those of images with the smaller half of the radii
    assert (found.realism > 0).all()


def test_a_cloud_far_away_is_nowhere() -> None:
    found = manifold(cloud(30, 4), cloud(30, 4, at=100.0, seed=1))
    assert not found.real_like.any()
    assert not found.reached.any()
    assert not found.covered.any()
    assert (found.n_balls == 0).all()
    assert (found.realism < 0.1).all()


def test_one_mode_of_two_is_precise_and_reaches_half() -> None:
    real = np.concatenate([cloud(60, 3), cloud(60, 3, at=50.0, seed=1)])
    found = manifold(real, cloud(60, 3, seed=2))
    assert found.real_like.mean() > 0.7
    assert found.covered.mean() == pytest.approx(0.5, abs=0.05)
    assert not found.reached[60:].any()


@pytest.mark.parametrize(("n", "m"), [(1, 5), (5, 1), (1, 1), (2, 2), (4, 3)])
def test_few_images_have_balls_to_the_last_or_none(n: int, m: int) -> None:
    found = manifold(cloud(n, 3), cloud(m, 3, seed=1))
    assert len(found.real_like) == len(found.realism) == m
    assert len(found.covered) == n
    if n == 1:
        assert not found.real_like.any()
        assert np.isnan(found.realism).all()


def test_duplicates_have_balls_of_no_size_that_hold_their_copies() -> None:
    real = np.repeat(cloud(3, 4), 6, axis=0)
    found = manifold(real, np.concatenate([real[:1], cloud(1, 4, seed=5)]))
    assert found.real_like.tolist() == [True, False]
    assert found.n_balls.tolist() == [6, 0]
    assert found.realism.tolist() == [1.0, 0.0]
