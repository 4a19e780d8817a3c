"""Ribs, spine and shoulders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from doppelscan.imagesets.phantoms.bones import bones
from doppelscan.imagesets.phantoms.organs import ribcage
from doppelscan.imagesets.phantoms.thorax import draw_thorax
from doppelscan.seeds import stream

THORAX = draw_thorax(stream(0, "thorax"))


def column(x: float) -> np.ndarray:
    """What the bones absorb down a line beside the middle."""
    own = np.stack([np.full(800, x), np.linspace(-0.6, 0.8, 800)]).astype(np.float32)
    return bones(THORAX, own, ribcage(own), 0.01, 0.0)


def test_ribs_are_as_many_as_their_pitch_allows() -> None:
    dense = column(0.25) > 0.05
    n_ribs = np.count_nonzero(np.diff(dense.astype(int)) == 1)
    assert abs(n_ribs - 1.4 / THORAX.rib_pitch) <= 2


def test_left_and_right_are_mirror_images_but_for_the_spine() -> None:
    np.testing.assert_allclose(column(0.5), column(-0.5), atol=1e-5)


def test_the_spine_is_the_densest() -> None:
    assert column(0.0).mean() > 2 * column(0.5).mean()


def test_denser_bones_absorb_more() -> None:
    own = np.random.default_rng(0).uniform(-1, 1, (2, 500)).astype(np.float32)
    thin, dense = (bones(replace(THORAX, bone=bone), own, ribcage(own), 0.01, 0.0) for bone in (0.5, 1.0))
    np.testing.assert_allclose(dense, 2 * thin, atol=1e-6)
