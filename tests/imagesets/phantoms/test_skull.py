"""From the brain outwards: bone, fat, skin, air."""

from __future__ import annotations

import numpy as np

from doppelscan.imagesets.phantoms.heads import draw_head
from doppelscan.imagesets.phantoms.skull import skull
from doppelscan.imagesets.phantoms.tissues import Tissue, shares
from doppelscan.imagesets.phantoms.views import look
from doppelscan.seeds import stream


def test_the_layers_lie_in_order_on_the_way_out() -> None:
    points = np.zeros((3, 300), np.float32)
    points[2] = np.linspace(72, 100, 300)
    share = shares(skull(look(draw_head(stream(1)), points, 0.2)))
    order = [
        int(np.flatnonzero(share[t] > 0.4)[-1]) for t in (Tissue.BONE, Tissue.FAT, Tissue.MUSCLE, Tissue.AIR)
    ]
    assert order == sorted(order)


def test_both_eyes_are_there_and_alike() -> None:
    eyes = np.array([[33, -33], [78, 78], [-44, -44]], np.float32)
    share = shares(skull(look(draw_head(stream(1)), eyes, 1.0)))
    np.testing.assert_allclose(share[Tissue.VITREOUS], 1, atol=1e-5)


def test_a_slice_above_the_eyes_is_the_same_without_the_face() -> None:
    head = draw_head(stream(2))
    high = np.random.default_rng(0).uniform(-90, 90, (3, 400)).astype(np.float32)
    high[2] = 5
    with_low = np.concatenate([high, np.array([[0], [0], [-60]], np.float32)], axis=1)
    alone, together = shares(skull(look(head, high, 2.0))), shares(skull(look(head, with_low, 2.0)))
    np.testing.assert_allclose(alone, together[:, :-1], atol=1e-5)
