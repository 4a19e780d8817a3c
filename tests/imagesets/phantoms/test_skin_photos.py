"""A photograph frames, lights and grains what it shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from doppelscan.imagesets.phantoms.skin_photos import Photo, draw_photo
from doppelscan.seeds import stream

STILL = Photo(1.0, 0.0, (0.0, 0.0), 1.0, (1.0, 1.0, 1.0), (0.0, 0.0), 0.0, 0.0)


def test_a_still_photo_shows_the_whole_field_rows_downwards() -> None:
    x, y = STILL.points(4)
    np.testing.assert_allclose(x[0], [-0.75, -0.25, 0.25, 0.75])
    np.testing.assert_allclose(y[:, 0], [-0.75, -0.25, 0.25, 0.75])


def test_a_quarter_turn_brings_the_rows_where_the_columns_were() -> None:
    turned = replace(STILL, turn=np.pi / 2).points(6)
    x, y = STILL.points(6)
    np.testing.assert_allclose(turned, [y, -x], atol=1e-6)


def test_white_is_white_and_black_is_black() -> None:
    shades = np.stack([np.zeros((4, 4)), np.ones((4, 4)), np.full((4, 4), 0.5)]).astype(np.float32)
    taken = STILL.expose(shades, stream(0))
    assert (taken[0] == 0).all()
    assert (taken[1] == 255).all()
    assert (taken[2] == round(255 * 0.5**0.8)).all()


@pytest.mark.parametrize("number", range(5))
def test_corners_are_darker_and_grain_is_fine(number: int) -> None:
    photo = replace(draw_photo(stream(0, number)), slope=(0.0, 0.0))
    taken = photo.expose(np.full((3, 40, 40), 0.5, np.float32), stream(1)).astype(float)
    assert taken[:, 15:25, 15:25].mean() >= taken[:, :6, :6].mean() - 1
    assert 0.2 < np.diff(taken[:, 20, 10:30]).std() < 12
