"""Several kinds of evidence, one statistic: the kind furthest beyond what is ordinary decides."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.audit.matched import Matched, Yardstick, by_one_kind, by_several_kinds, joined
from doppelscan.audit.verdicts import SAME_PIXELS
from doppelscan.audit.witnesses.witness import CORRELATION, Kind, fisher_z
from doppelscan.search import Neighbours

POINTS = Kind("points", np.sqrt)
KINDS = (CORRELATION, POINTS)
EVEN = Yardstick(np.zeros(2), np.ones(2))


def found(indices: list[list[int]], scores: list[list[float]]) -> Neighbours:
    return Neighbours(np.array(indices), np.array(scores, dtype=float), np.zeros_like(indices))


def test_fisher_s_scale_ends_before_infinity() -> None:
    assert np.isfinite(fisher_z(np.array([-1.0, 1.0]))).all()


def test_one_kind_gives_its_margin_on_its_own_scale() -> None:
    train, held = found([[3]], [[9.0]]), found([[0]], [[4.0]])
    assert by_one_kind(train, held, POINTS).statistic.tolist() == [1.0]
    assert by_one_kind(train, None, POINTS).statistic.tolist() == [3.0]


def test_the_kind_furthest_beyond_the_ordinary_names_the_image() -> None:
    train = found([[1, 2]], [[0.5, 0.4]]), found([[7, 1]], [[9.0, 4.0]])
    matched = by_several_kinds(train, None, KINDS, EVEN)
    assert matched.indices.tolist() == [[7, 1]]
    assert matched.statistic.tolist() == [3.0]
    assert np.allclose(matched.scores, [[1 - 2**-3.0, 1 - 2**-2.0]])


def test_what_held_out_images_have_as_well_does_not_count() -> None:
    train = found([[1]], [[0.5]]), found([[7]], [[9.0]])
    held = found([[0]], [[0.0]]), found([[0]], [[9.0]])
    matched = by_several_kinds(train, held, KINDS, EVEN)
    assert matched.best.tolist() == [1]
    assert matched.statistic == pytest.approx(np.arctanh(0.5))


def test_the_yardstick_is_the_median_and_the_distance_of_the_twentieth() -> None:
    n = 101
    train = found([[0]] * n, [[x] for x in np.tanh(np.linspace(0, 1, n))]), found([[0]] * n, [[4.0]] * n)
    measured = Yardstick.of(train, None, KINDS)
    assert np.allclose(measured.median, [0.5, 2.0])
    assert measured.spread[0] == pytest.approx(0.45)
    assert measured.spread[1] > 0  # where all are alike, any difference is large


def test_the_same_pixels_come_first_and_score_one() -> None:
    train = found([[4, 2]], [[1.0, 0.1]]), found([[7, 2]], [[400.0, 1.0]])
    matched = by_several_kinds(train, None, KINDS, EVEN)
    assert matched.best.tolist() == [4]
    assert matched.score[0] > SAME_PIXELS
    assert matched.scores[0, 1] < SAME_PIXELS


def test_a_constant_image_has_no_statistic() -> None:
    nobody = found([[-1]], [[np.nan]])
    matched = by_several_kinds((nobody, found([[7]], [[9.0]])), None, KINDS, EVEN)
    assert np.isnan(matched.statistic).all()
    assert np.isnan(matched.score).all()
    assert matched.best.tolist() == [-1]


def test_a_kind_that_knows_nothing_is_silent() -> None:
    train = found([[1]], [[0.5]]), found([[-1]], [[np.nan]])
    matched = by_several_kinds(train, None, KINDS, EVEN)
    assert matched.best.tolist() == [1]


def test_matches_are_taken_apart_and_joined() -> None:
    whole = Matched(np.arange(6).reshape(3, 2), np.ones((3, 2)), np.zeros(3), np.arange(3.0))
    parts = [whole.take(np.array([0])), whole.take(np.array([1, 2]))]
    again = joined(parts)
    assert np.array_equal(again.indices, whole.indices)
    assert np.array_equal(again.statistic, whole.statistic)
    assert again.holdout_score is not None
