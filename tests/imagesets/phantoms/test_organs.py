"""Organs lie where they belong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from doppelscan.imagesets.phantoms.films import draw_habit
from doppelscan.imagesets.phantoms.organs import abdomen, diaphragm, flesh, heart, lungs, ribcage, vessels
from doppelscan.imagesets.phantoms.thorax import draw_thorax
from doppelscan.seeds import stream

THORAX = draw_thorax(stream(0, "thorax"))
FILM = draw_habit(stream(0, "habit"))


def at(x: float, y: float) -> np.ndarray:
    return np.array([[x], [y]], np.float32)


@pytest.mark.parametrize(
    ("x", "y", "inside"), [(0, 0, True), (0.9, 0.3, True), (1.0, 0.3, False), (0, -1.0, False)]
)
def test_the_ribcage_is_a_dome_on_walls(x: float, y: float, inside: bool) -> None:
    assert bool(ribcage(at(x, y))[0] < 0) is inside


def test_air_fills_the_lungs_and_neither_the_middle_nor_the_belly() -> None:
    def air(x: float, y: float) -> float:
        own = at(x, y)
        return float(lungs(own, ribcage(own), diaphragm(THORAX, own, FILM), FILM.twist)[0])

    assert min(air(-0.5, 0), air(0.5, -0.2)) > 0.7
    assert air(0, 0) == air(0.5, 1.1) == air(1.1, 0) == 0


def test_a_deeper_breath_lowers_the_diaphragm() -> None:
    below, deeper = (
        diaphragm(THORAX, at(0.5, 0.6), FILM),
        diaphragm(THORAX, at(0.5, 0.6), replace(FILM, breath=0.1)),
    )
    assert deeper[0] - below[0] == pytest.approx(0.1, abs=1e-5)


def test_the_heart_reaches_further_to_the_images_right() -> None:
    line = np.stack([np.linspace(-1, 1, 201), np.full(201, 0.3)]).astype(np.float32)
    covered = line[0][heart(THORAX, line, FILM) > 0]
    assert covered.max() > -covered.min()


def test_the_belly_absorbs_and_its_gas_does_not() -> None:
    across, down, _ = THORAX.gas
    bubble = at(across, THORAX.domes[1] + FILM.breath + down)
    assert abdomen(THORAX, at(-0.5, 1.2), FILM)[0] == pytest.approx(1, abs=0.01)
    assert abdomen(THORAX, bubble, FILM)[0] < 0.5


def test_there_is_flesh_in_the_trunk_and_none_beside_the_neck() -> None:
    assert flesh(THORAX, at(0, 0.3))[0] > 0.8
    assert flesh(THORAX, at(1.0, -1.4))[0] == 0


def test_vessels_are_thickest_near_the_hilum() -> None:
    drawn = vessels(THORAX, replace(FILM, shift=(0.0, 0.0), turn=0.0), 96)
    assert drawn.max() <= 1
    assert drawn[40:56, 30:40].mean() > 3 * drawn[40:56, 4:14].mean()
