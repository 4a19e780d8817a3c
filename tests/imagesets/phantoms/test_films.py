"""How films are taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from doppelscan.imagesets.phantoms.films import Film, draw_film, draw_habit
from doppelscan.seeds import stream

FILMS = [draw_film(stream(0, "film", k), draw_habit(stream(0, "habit", k))) for k in range(20)]


@pytest.mark.parametrize("film", FILMS)
def test_where_a_pixel_lies_and_which_pixel_shows_it_agree(film: Film) -> None:
    places = np.moveaxis(film.points(12), 0, -1)
    columns, rows = np.moveaxis(film.pixels(places, 12), -1, 0)
    np.testing.assert_allclose(columns, np.tile(np.arange(12), (12, 1)), atol=1e-3)
    np.testing.assert_allclose(rows, np.tile(np.arange(12), (12, 1)).T, atol=1e-3)


def test_what_absorbs_more_is_brighter() -> None:
    clean = replace(FILMS[0], grain=0.0, haze=0.0, letter=(2.0, 2.0))
    ramp = np.tile(np.linspace(0, 2, 32, dtype=np.float32), (32, 1))
    exposed = clean.expose(ramp, stream(0)).astype(int)
    assert (np.diff(exposed, axis=1) >= 0).all()
    assert exposed[0, 0] == 0
    assert exposed.max() > 200


def test_the_side_marker_is_in_the_image_only_where_it_is_put() -> None:
    plain = np.ones((64, 64), np.float32)
    without, with_marker = (
        replace(FILMS[0], grain=0.0, letter=letter).expose(plain, stream(0))
        for letter in ((2.0, 2.0), (0.2, 0.5))
    )
    assert np.ptp(without) <= 1
    assert 3 < (with_marker > without).sum() < 200


def test_a_film_without_any_body_is_black() -> None:
    air = np.zeros((16, 16), np.float32)
    assert replace(FILMS[0], grain=0.0, letter=(2.0, 2.0)).expose(air, stream(0)).max() == 0
