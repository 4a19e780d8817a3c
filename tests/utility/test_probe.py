"""The probe reaches the optimum of a penalised logistic regression, and chooses its penalty fairly."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import special

from doppelscan.utility.cells import Probe
from doppelscan.utility.probe import PENALTIES, Learnt, probe, probed


def cloud(n: int, d: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(n) % 3
    return np.random.default_rng(n).normal(0, 1, (n, d)) + apart * np.eye(3, d)[labels], labels


def slowly(features: np.ndarray, labels: np.ndarray, penalty: float) -> np.ndarray:
    """Plain gradient descent on the same loss; scores of the rows learnt from."""
    seen = (features - features.mean(axis=0)) / features.std(axis=0) / np.sqrt(features.shape[1])
    truth = np.eye(3)[labels]
    weights, bias = np.zeros((seen.shape[1], 3)), np.zeros(3)
    for _ in range(4_000):
        off = special.softmax(seen @ weights + bias, axis=1) - truth
        weights -= 3.0 * (seen.T @ off / len(seen) + penalty * weights)
        bias -= 3.0 * (off.mean(axis=0) + 1e-6 * bias)
    return special.softmax(seen @ weights + bias, axis=1)


@pytest.mark.parametrize(("n", "d"), [(30, 5), (12, 40)])
def test_it_ends_where_gradient_descent_ends(n: int, d: int) -> None:
    features, labels = cloud(n, d, 1.0)
    (quick,) = probed([features], labels, features, 3, [0.01])
    np.testing.assert_allclose(quick, slowly(features, labels, 0.01), atol=2e-3)


def test_duplicates_change_nothing() -> None:
    (features, labels), (asked, _) = cloud(24, 10, 1.5), cloud(9, 10, 1.5)
    real = Learnt(features, labels, np.full(24, -1))
    twice = Learnt(features, labels, np.full(24, -1))
    alone = probe(real, Learnt(features[:0], labels[:0], labels[:0]), asked, 3)
    np.testing.assert_allclose(probe(real, twice, asked, 3)[0], alone[0], atol=1e-4)


def test_images_made_from_those_kept_aside_do_not_choose_the_penalty() -> None:
    features, labels = cloud(60, 30, 0.3)  # hardly anything to learn: a strong penalty is right
    folds = np.arange(60) // 3 % 4
    real = Learnt(features, labels, folds)
    honest = probe(real, Learnt(features, labels, folds), features, 3)[1]
    leaking = probe(real, Learnt(features, labels, np.full(60, -1)), features, 3)[1]
    assert honest == max(PENALTIES)
    assert leaking == min(PENALTIES)


@pytest.mark.parametrize("apart", [0.3, 1.0, 3.0])
def test_the_penalty_is_that_of_the_first_valley_of_the_loss_from_the_strongest_on(apart: float) -> None:
    features, labels = cloud(48, 20, apart)
    folds = np.arange(48) // 3 % 4
    losses = np.zeros(len(PENALTIES))
    for fold in range(4):
        kept, out = folds != fold, folds == fold
        for place, told in enumerate(probed([features[kept]], labels[kept], features[out], 3, PENALTIES)):
            losses[place] -= sum(np.log(told[row, label]) for row, label in enumerate(labels[out]))
    valley = next((k for k in range(3) if losses[k + 1] > losses[k]), 3)
    nothing = Learnt(features[:0], labels[:0], labels[:0])
    assert probe(Learnt(features, labels, folds), nothing, features, 3)[1] == PENALTIES[valley]


def test_constant_features_and_absent_classes_are_borne() -> None:
    features = np.concatenate([np.ones((4, 2)), np.random.default_rng(0).normal(size=(4, 3))], axis=1)
    (told,) = probed([features], np.array([0, 0, 1, 1]), features, 3, [0.01])
    assert np.isfinite(told).all()
    np.testing.assert_allclose(told.sum(axis=1), 1)
    assert (told[:, 2] < 0.5).all()


def test_it_takes_the_memory_that_it_says() -> None:
    n, d, k = 6_000, 120, 3
    features, labels = cloud(n, d, 1.0)
    rows, folds = features.astype(np.float32), np.arange(n) // 3 % 4
    folds[600:] = -1  # as of synthetic images, which are in every part
    real, added = (Learnt(rows[part], labels[part], folds[part]) for part in (slice(600), slice(600, n)))
    said = Probe().bytes_for(n + 600, rows[0].nbytes, k) - rows.nbytes  # these rows are there
    tracemalloc.start()
    try:
        Probe().tell(real, added, rows[:600], k, 0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.7 * said < peak < said
