"""The braincase is where it should be."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.imagesets.phantoms.heads import draw_head
from doppelscan.imagesets.phantoms.views import look
from doppelscan.seeds import stream


@pytest.mark.parametrize(
    ("place", "inside"),
    [
        ((0, 0, 0), True),
        ((60, 0, 0), True),
        ((70, 0, 0), False),
        ((0, 0, 75), False),
        ((0, 50, -60), False),
        ((15, -45, -50), True),
    ],
)
def test_the_braincase_holds_cerebrum_and_cerebellum_but_not_the_face(
    place: tuple[float, float, float],
    inside: bool,
) -> None:
    points = np.array(place, np.float32)[:, None]
    assert bool(look(draw_head(stream(0)), points, 1.0).case[0] < 0) is inside


def test_a_pixel_on_a_border_is_half_inside() -> None:
    view = look(draw_head(stream(0)), np.zeros((3, 3), np.float32), 4.0)
    np.testing.assert_allclose(view.inside(np.array([-2, 0, 1], np.float32)), [1, 0.5, 0.25])
