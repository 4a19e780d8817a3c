"""The Vendi score and the mean distance: known answers, an oracle, and edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from doppelscan.quality.diversity import mean_distance, vendi_score

from .clouds import cloud


def vendi_by_entropy(x: np.ndarray) -> float:
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    values = [v for v in np.linalg.eigvalsh(unit @ unit.T / len(x)) if v > 1e-14]
    return math.exp(-sum(v * math.log(v) for v in values))


@pytest.mark.parametrize(("n", "d"), [(12, 5), (5, 12), (40, 40)])
def test_vendi_is_the_published_formula_whichever_side_is_longer(n: int, d: int) -> None:
    x = cloud(n, d)
    assert vendi_score(x) == pytest.approx(vendi_by_entropy(x), rel=1e-9)


def test_vendi_counts_directions() -> None:
    assert vendi_score(np.ones((7, 3))) == pytest.approx(1.0)
    assert vendi_score(np.eye(5)) == pytest.approx(5.0)
    assert vendi_score(np.repeat(np.eye(4), 3, axis=0)) == pytest.approx(4.0)
    assert vendi_score(np.zeros((3, 2))) == pytest.approx(3.0)
    assert math.isnan(vendi_score(np.empty((0, 3))))


def test_the_mean_distance_is_that_of_all_pairs() -> None:
    x = cloud(9, 4)
    pairs = [np.linalg.norm(x[i] - x[j]) for i in range(9) for j in range(9) if i != j]
    assert mean_distance(x) == pytest.approx(np.mean(pairs))
    assert mean_distance(np.ones((4, 3))) == 0
    assert math.isnan(mean_distance(x[:1]))
