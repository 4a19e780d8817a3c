"""Heads differ, and age shows."""

from __future__ import annotations

import numpy as np

from doppelscan.imagesets.phantoms.heads import draw_head
from doppelscan.seeds import stream

HEADS = [draw_head(stream(0, "head", k)) for k in range(200)]


def test_ventricles_and_sulci_widen_with_age() -> None:
    age = [head.age for head in HEADS]
    assert np.corrcoef(age, [head.ventricles for head in HEADS])[0, 1] > 0.4
    assert np.corrcoef(age, [head.sulcus_mm for head in HEADS])[0, 1] > 0.4


def test_mens_heads_are_larger_on_average() -> None:
    volume = {sex: np.mean([np.prod(head.scale) for head in HEADS if head.sex == sex]) for sex in "FM"}
    assert 1.05 < volume["M"] / volume["F"] < 1.4


def test_no_two_heads_fold_alike() -> None:
    assert len({head.folds for head in HEADS}) == len(HEADS)


def test_a_head_of_usual_size_is_bent_by_a_few_mm_only() -> None:
    points = np.random.default_rng(0).uniform(-80, 80, (3, 500)).astype(np.float32)
    for head in HEADS[:20]:
        moved = head.own(points) - points
        assert 1 < np.abs(moved).mean() < 25
