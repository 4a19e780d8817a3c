"""The Fréchet distance: against the matrix root, closed forms, and what breaks others."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from doppelscan.quality.frechet import frechet_distance, frechet_infinity

from .clouds import cloud


def by_matrix_root(x: np.ndarray, y: np.ndarray) -> float:
    """The formula as it is written, and as torchmetrics and pytorch-fid compute it."""
    a, b = np.cov(x.T), np.cov(y.T)
    root = linalg.sqrtm(a @ b).real
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * np.trace(root))


@pytest.mark.parametrize(("n", "m", "d"), [(50, 40, 6), (200, 300, 16), (30, 31, 2)])
def test_it_is_the_published_formula(n: int, m: int, d: int) -> None:
    x, y = cloud(n, d), cloud(m, d, at=0.3, scale=1.4, seed=1)
    assert frechet_distance(x, y) == pytest.approx(by_matrix_root(x, y), abs=1e-9)


def test_float32_vectors_agree_with_torchmetrics_formula_to_one_in_ten_thousand() -> None:
    x, y = cloud(120, 32).astype(np.float32), cloud(110, 32, at=0.1, seed=1).astype(np.float32)
    a, b = (np.cov(of.astype(np.float64).T) for of in (x, y))
    trace_of_root = np.sqrt(np.linalg.eigvals(a @ b).astype(complex)).real.sum()  # as torchmetrics has it
    mean = ((x.mean(0, dtype=np.float64) - y.mean(0, dtype=np.float64)) ** 2).sum()
    assert frechet_distance(x, y) == pytest.approx(
        mean + np.trace(a) + np.trace(b) - 2 * trace_of_root, abs=1e-4
    )


def test_moved_and_scaled_clouds_are_at_the_distance_of_the_closed_form() -> None:
    x = cloud(400, 5)
    spread = np.trace(np.cov(x.T))
    assert frechet_distance(x, x + 2.0) == pytest.approx(5 * 4.0)
    centred = x - x.mean(0)
    assert frechet_distance(centred, 3 * centred) == pytest.approx(4 * spread)  # (1 - 3)^2 of the trace


@pytest.mark.parametrize(("n", "m", "d"), [(8, 200, 20), (8, 9, 20), (200, 8, 20)])
def test_fewer_images_than_numbers_give_the_same_as_padded_covariances(n: int, m: int, d: int) -> None:
    x, y = cloud(n, d), cloud(m, d, at=0.2, seed=1)
    a, b = np.cov(x.T), np.cov(y.T)
    values, vectors = linalg.eigh(a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(linalg.eigvalsh(root @ b @ root).clip(0)).sum()
    plain = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * shared
    assert frechet_distance(x, y) == pytest.approx(plain, abs=1e-5)


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((1, 4)),
        np.ones((7, 4)),
        np.repeat(cloud(2, 4), 5, axis=0),
        cloud(3, 4) * 1e-9,
        cloud(3, 4) * 1e6,
    ],
    ids=["one image", "constant", "duplicates", "tiny", "large"],
)
def test_nothing_breaks_it_and_a_set_is_at_no_distance_from_itself(x: np.ndarray) -> None:
    assert frechet_distance(x, x) == pytest.approx(0.0, abs=1e-9 * max(1.0, float(np.square(x).sum())))
    assert np.isfinite(frechet_distance(x, cloud(9, 4)))


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 8), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_it_is_symmetric_and_never_negative(n: int, m: int, d: int, seed: int) -> None:
    x, y = cloud(n, d, seed=seed), cloud(m, d, at=0.5, seed=seed + 1)
    forth, back = frechet_distance(x, y), frechet_distance(y, x)
    assert forth == pytest.approx(back, rel=1e-9, abs=1e-9)
    assert forth >= 0


def test_two_draws_of_one_cloud_are_apart_and_their_limit_is_not() -> None:
    d, n = 10, 300
    plain, limit = [], []
    for k in range(12):
        x, y = cloud(n, d, seed=k), cloud(n, d, seed=100 + k)
        groups = np.arange(n), np.arange(n)
        plain.append(frechet_distance(x, y))
        limit.append(frechet_infinity(x, y, groups=groups, seed=k))
    assert np.mean(plain) > 0.1
    assert abs(np.mean(limit)) < 0.15 * np.mean(plain)


def test_the_limit_finds_the_true_distance_of_two_clouds() -> None:
    d, n = 8, 400
    true = d * 0.5**2 + d * (1.3 - 1) ** 2
    found = [
        frechet_infinity(
            cloud(n, d, seed=k),
            cloud(n, d, at=0.5, scale=1.3, seed=50 + k),
            groups=(np.arange(n), np.arange(n)),
            seed=k,
        )
        for k in range(12)
    ]
    assert np.mean(found) == pytest.approx(true, rel=0.03)


def test_the_limit_keeps_patients_together_and_is_the_same_again() -> None:
    x, y = np.repeat(cloud(40, 4), 3, axis=0), cloud(60, 4, seed=1)
    groups = np.arange(120) // 3, np.arange(60)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = frechet_infinity(x, y, groups=groups, seed=3)
    assert first == frechet_infinity(x, y, groups=groups, seed=3)
    assert first != frechet_infinity(x, y, groups=(np.arange(120), groups[1]), seed=3)


def test_one_image_has_a_limit_of_some_value() -> None:
    one = np.zeros((1, 3))
    assert np.isfinite(frechet_infinity(one, one + 1, groups=(np.zeros(1, int), np.zeros(1, int)), seed=0))
