"""Tumours grow, push, and are layered."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.imagesets.phantoms.shapes import cover
from doppelscan.imagesets.phantoms.tissues import Tissue, shares
from doppelscan.imagesets.phantoms.tumours import Tumour, draw_tumour
from doppelscan.seeds import stream

TUMOURS = [draw_tumour(stream(0, "tumour", k), 10.0) for k in range(60)]


def around(tumour: Tumour, n: int = 4000) -> np.ndarray:
    offsets = np.random.default_rng(0).uniform(-45, 45, (3, n))
    return (offsets + np.array(tumour.centre)[:, None]).astype(np.float32)


@pytest.mark.parametrize("tumour", TUMOURS[:8])
def test_a_grown_tumour_is_larger_by_the_cube_of_its_factor(tumour: Tumour) -> None:
    smooth = Tumour(**{**vars(tumour), "roughness_mm": 0.0})
    points = around(tumour, 60_000)
    before, after = (cover(t.distance(points), 0.1).sum() for t in (smooth, smooth.grown(1.3)))
    assert after / before == pytest.approx(1.3**3, rel=0.2)


@pytest.mark.parametrize("tumour", TUMOURS[:8])
def test_what_lies_around_is_pushed_away_and_what_is_far_is_not(tumour: Tumour) -> None:
    centre, points = np.array(tumour.centre)[:, None], around(tumour)
    now, before = (
        np.linalg.norm(points - centre, axis=0),
        np.linalg.norm(tumour.push(points) - centre, axis=0),
    )
    assert (before <= now + 1e-4).all()
    far = (points + 300).astype(np.float32)
    np.testing.assert_allclose(tumour.push(far), far, atol=0.01)


def test_a_core_lies_within_its_rim_and_oedema_around_both() -> None:
    tumour = next(t for t in TUMOURS if t.grade == "HGG" and min(t.radii_mm) > t.rim_mm + t.roughness_mm + 6)
    points = around(tumour)
    share, distance = (
        shares(tumour.layers(points, np.full_like(points[0], -99), 0.5)),
        tumour.distance(points),
    )
    mean = {t: np.average(distance, weights=share[t]) for t in (Tissue.CORE, Tissue.RIM, Tissue.OEDEMA)}
    assert mean[Tissue.CORE] < mean[Tissue.RIM] < 0 < mean[Tissue.OEDEMA]


@pytest.mark.parametrize("tumour", TUMOURS[:8])
def test_a_tumour_stays_within_the_skull(tumour: Tumour) -> None:
    points = around(tumour)
    case = points[0] - np.float32(tumour.centre[0])  # a wall through the tumour's middle
    share = shares(tumour.layers(points, case, 0.5))
    np.testing.assert_array_equal(share[Tissue.AIR][case > 0], 1)
    assert share[Tissue.AIR][case < -3].min() < 0.5


def test_low_grade_tumours_have_hardly_a_rim() -> None:
    low, high = ([t.rim_mm for t in TUMOURS if t.grade == grade] for grade in ("LGG", "HGG"))
    assert 0 < len(low) < len(high)
    assert max(low) < min(high)
