"""What is usual for an image's looks is taken away, attacks count alike, and nobody who is attacked calibrates."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.audit.membership.attacks import _defined, _together, relative
from doppelscan.seeds import stream


def test_what_the_looks_foretell_is_taken_away_by_ridge_regression_on_the_reference() -> None:
    chance = stream(0, "relative")
    looks, others = chance.normal(3, 2, (40, 3)), chance.normal(3, 2, (5, 3))
    errors, asked = chance.normal(size=(40, 2)), chance.normal(size=(5, 2))
    found = relative(asked, others, errors, looks)
    z, r = ((x - looks.mean(0)) / looks.std(0) for x in (others, looks))
    rows = np.vstack([r, np.sqrt(1.4) * np.eye(3)])
    slope = np.linalg.lstsq(rows, np.vstack([errors - errors.mean(0), np.zeros((3, 2))]), rcond=None)[0]
    np.testing.assert_allclose(found, asked - errors.mean(0) - z @ slope)


def test_a_hard_image_is_no_stranger_once_its_looks_are_known() -> None:
    chance = stream(1, "hard")
    looks = chance.normal(size=(300, 1))
    errors = 5 * looks + 0.1 * chance.normal(size=(300, 1))
    left = relative(errors[100:], looks[100:], errors[:100], looks[:100])
    assert errors[100:].std() > 4
    assert left.std() < 0.4


def test_looks_that_never_differ_foretell_the_mean() -> None:
    errors = np.arange(6.0).reshape(6, 1)
    np.testing.assert_allclose(relative(errors, np.ones((6, 2)), errors, np.ones((6, 2))), errors - 2.5)


def test_attacks_count_alike_whatever_their_scale() -> None:
    a = np.array([0.0, 1.0, 2.0])
    np.testing.assert_allclose(_together([a, 1000 * a]), _together([a]))
    np.testing.assert_allclose(_together([a, -a]), 0)
    np.testing.assert_allclose(_together([a, np.full(3, 7.0)]), (a - 1) / a.std() / 2)


@pytest.mark.parametrize(
    ("score", "expected"),
    [([1.0, np.nan, 3.0], [1, 1, 3]), ([np.nan, np.nan], [0, 0]), ([-np.inf, 2.0], [2, 2])],
)
def test_an_undefined_score_is_the_least_suspicious(score: list[float], expected: list[float]) -> None:
    assert _defined(np.array(score)).tolist() == expected
