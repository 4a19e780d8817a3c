"""The Inception Score: known answers, an oracle in plain loops, and edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from doppelscan.quality.inception_score import inception_score

from .clouds import cloud


def in_loops(logits: np.ndarray) -> float:
    p = [[math.exp(v) / sum(math.exp(w) for w in row) for v in row] for row in logits.tolist()]
    mean = [sum(row[c] for row in p) / len(p) for c in range(len(p[0]))]
    return math.exp(sum(v * math.log(v / q) for row in p for v, q in zip(row, mean, strict=True)) / len(p))


def test_it_is_the_published_formula() -> None:
    logits = cloud(15, 8, scale=2.0)
    assert inception_score(logits) == pytest.approx(in_loops(logits), rel=1e-10)
    assert inception_score(logits.astype(np.float32)) == pytest.approx(in_loops(logits), abs=1e-4)


def test_it_is_one_for_images_all_alike_and_the_number_of_classes_for_sure_different_ones() -> None:
    assert inception_score(np.zeros((6, 10))) == pytest.approx(1.0)
    assert inception_score(np.repeat(cloud(1, 10), 6, axis=0)) == pytest.approx(1.0)
    assert inception_score(1000 * np.eye(10)) == pytest.approx(10.0)
    assert inception_score(cloud(1, 10)) == pytest.approx(1.0)
    assert math.isnan(inception_score(np.empty((0, 10))))
