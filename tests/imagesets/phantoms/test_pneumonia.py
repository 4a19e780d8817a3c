"""Pneumonia fills air with fluid."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.imagesets.phantoms.pneumonia import Pneumonia, draw_pneumonia
from doppelscan.seeds import stream


@pytest.mark.parametrize("number", range(10))
def test_a_share_of_the_air_is_filled_and_never_more_than_all(number: int) -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (2, 2000)).astype(np.float32)
    filled = draw_pneumonia(stream(0, number)).filled(points, 1.0)
    assert filled.min() >= 0
    assert 0.05 < filled.max() < 1


@pytest.mark.parametrize("number", range(10))
def test_a_wider_patch_fills_more(number: int) -> None:
    sick = draw_pneumonia(stream(0, number))
    patches = Pneumonia(sick.patches, 0.0, sick.mottle)
    points = np.random.default_rng(0).uniform(-1, 1, (2, 2000)).astype(np.float32)
    assert patches.filled(points, 1.3).mean() > patches.filled(points, 1.0).mean()


def test_patches_lie_in_the_lungs() -> None:
    centres = np.array([patch[:2] for k in range(50) for patch in draw_pneumonia(stream(0, k)).patches])
    assert (np.abs(centres[:, 0]) >= 0.3).all()
    assert (np.abs(centres[:, 0]) <= 0.7).all()
    assert {-1.0, 1.0} == set(np.sign(centres[:, 0]))
