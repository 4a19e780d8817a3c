"""Curves are read as they should be: where they reach a level, when they stop rising."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.utility.comparing import Judged, Place
from doppelscan.utility.worth import rising, saturations, where_reached, worths


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8))
def test_a_rising_curve_never_falls_and_keeps_its_mean(values: list[float]) -> None:
    found = rising(np.array(values))
    assert (np.diff(found) >= -1e-12).all()
    assert found.mean() == pytest.approx(np.mean(values), abs=1e-9)


def test_levels_are_found_between_points_and_beyond_them() -> None:
    at, curve = np.array([0.0, 1.0, 3.0]), np.array([0.2, 0.4, 0.8])
    assert where_reached(0.6, at, curve) == pytest.approx(2.0)
    assert where_reached(0.2, at, curve) == 0
    assert where_reached(0.9, at, curve) == math.inf
    assert where_reached(0.1, at, curve) == -math.inf


def judged(curves: dict[tuple[str, float, int], float], spread: float = 1e-4) -> Judged:
    """Outcomes of cells, known to within `spread`."""
    rng = np.random.default_rng(0)
    places = {Place(arm, "joined", size, ratio): value for (arm, size, ratio), value in curves.items()}
    draws = {
        place: {"all": {"accuracy": np.concatenate([[value], rng.normal(value, spread, 200)])}}
        for place, value in places.items()
    }
    return Judged("accuracy", draws, {}, {"all": 100})


def learning(n: float) -> float:
    return 0.5 + 0.1 * math.log2(n)


def test_synthetic_images_as_good_as_real_ones_are_worth_as_many() -> None:
    sizes = (2.0, 4.0, 8.0, 16.0)
    curves = {("real", size, 0): learning(size) for size in sizes}
    curves |= {("as good", 4.0, ratio): learning(4 * (1 + ratio)) for ratio in (1, 2)}
    curves |= {("harm", 4.0, 1): learning(3), ("best", 8.0, 3): learning(32)}
    found = {(w.arm, w.per_real): w for w in worths(judged(curves))}
    assert found["as good", 1].equivalent.value == pytest.approx(4, rel=0.01)
    assert found["as good", 2].each.value == pytest.approx(1, rel=0.01)
    assert found["harm", 1].equivalent.high < 0
    assert found["best", 3].beyond
    assert found["best", 3].equivalent.value == 8
    assert found["best", 3].equivalent.high == math.inf
    assert "at least 8" in found["best", 3].sentence


def test_a_gain_that_ends_at_a_ratio_is_saturated_there() -> None:
    curves = {("real", 4.0, 0): 0.5, **{("made", 4.0, r): 0.5 + 0.1 * min(r, 2) for r in (1, 2, 5, 10)}}
    found = next(iter(saturations(judged(curves))))
    assert 1 < found.ratio.value < 2.1
    assert found.gain.value == pytest.approx(0.2)


def test_without_a_gain_there_is_no_saturation() -> None:
    curves = {("real", 4.0, 0): 0.5, **{("made", 4.0, r): 0.5 for r in (1, 2)}}
    assert not next(iter(saturations(judged(curves, 0.01)))).ratio.known
