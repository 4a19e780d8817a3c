"""Skin absorbs light by its melanin and its blood."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.imagesets.phantoms.skin_tones import TONES, draw_skin, reflected
from doppelscan.seeds import stream

AXIS = np.linspace(-1, 1, 20, dtype=np.float32)
POINTS = np.stack(np.meshgrid(AXIS, AXIS))


def test_light_falls_off_exponentially_with_pigment() -> None:
    one, two = (reflected(np.full((1,), m, np.float32), np.zeros(1, np.float32)) for m in (1.0, 2.0))
    none = reflected(np.zeros(1, np.float32), np.zeros(1, np.float32))
    np.testing.assert_allclose(two / one, one / none, rtol=1e-5)


def test_melanin_browns_and_blood_reddens() -> None:
    brown = reflected(np.ones(1, np.float32), np.zeros(1, np.float32))[:, 0]
    red = reflected(np.zeros(1, np.float32), np.ones(1, np.float32))[:, 0]
    assert brown[0] > brown[1] > brown[2]
    assert red[0] > 1.5 * max(red[1], red[2])


@pytest.mark.parametrize("tone", TONES)
def test_skin_holds_about_its_tones_melanin_and_never_less_than_none(tone: str) -> None:
    skins = [draw_skin(stream(0, tone, k), tone) for k in range(40)]
    assert np.median([one.melanin for one in skins]) == pytest.approx(TONES[tone], rel=0.1)
    melanin, blood = skins[0].absorption(POINTS)
    assert min(melanin.min(), blood.min()) >= 0


def test_hair_hides_a_little_of_the_skin_or_nothing() -> None:
    hidden = [draw_skin(stream(0, k), "II").hair(POINTS, 0.1).mean() for k in range(40)]
    assert min(hidden) == 0
    assert 0 < max(hidden) < 0.3
