"""Measures agree with plain loops, under whole weights with repeated images."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.utility.scores import scored

RNG = np.random.default_rng(1)


def auc(score: np.ndarray, positive: np.ndarray) -> float:
    pairs = [(a > b) + 0.5 * (a == b) for a in score[positive] for b in score[~positive]]
    return float(np.mean(pairs))


def average_precision(score: np.ndarray, positive: np.ndarray) -> float:
    total, before = 0.0, 0.0
    for cut in sorted(set(score), reverse=True):
        shown = score >= cut
        recall = positive[shown].sum() / positive.sum()
        total += (recall - before) * positive[shown].mean()
        before = recall
    return total


@pytest.fixture
def told() -> tuple[np.ndarray, np.ndarray]:
    truth = RNG.integers(0, 4, 40)
    return np.round(RNG.dirichlet(np.ones(4), 40), 1), truth


def test_measures_agree_with_plain_loops(told: tuple[np.ndarray, np.ndarray]) -> None:
    p, truth = told
    found = {name: value[0] for name, value in scored(p, truth, np.ones((1, 40))).items()}
    named = p.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(np.mean(named == truth))
    each = [np.mean(named[truth == k] == k) for k in range(4)]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(each))
    assert found["auroc"] == pytest.approx(np.mean([auc(p[:, k], truth == k) for k in range(4)]))
    assert found["auprc"] == pytest.approx(
        np.mean([average_precision(p[:, k], truth == k) for k in range(4)])
    )


def test_top_three_counts_the_three_likeliest() -> None:
    p = np.array([[0.4, 0.3, 0.2, 0.1]] * 4)
    assert scored(p, np.arange(4), np.ones((1, 4)))["top3_accuracy"][0] == 0.75
    three = scored(np.full((2, 3), 1 / 3), np.array([0, 1]), np.ones((1, 2)))
    assert np.isnan(three["top3_accuracy"][0])


def test_an_image_that_counts_twice_counts_as_two(told: tuple[np.ndarray, np.ndarray]) -> None:
    p, truth = told
    weights = RNG.integers(0, 3, 40)
    heavy = scored(p, truth, weights[None].astype(float))
    again = np.repeat(np.arange(40), weights)
    plain = scored(p[again], truth[again], np.ones((1, len(again))))
    for name, value in plain.items():
        np.testing.assert_allclose(heavy[name], value, err_msg=name)


def test_confidence_that_is_right_has_no_calibration_error() -> None:
    p = np.array([[0.75, 0.25]] * 4)
    found = scored(p, np.array([0, 0, 0, 1]), np.ones((1, 4)))
    assert found["calibration_error"][0] == pytest.approx(0)


def test_one_class_alone_has_no_curve() -> None:
    found = scored(np.array([[0.6, 0.4]] * 3), np.zeros(3, int), np.ones((1, 3)))
    assert np.isnan(found["auroc"][0])
    assert found["balanced_accuracy"][0] == 1
