"""Does an image lie where the numbers say, and are they told as what was done?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.images.placement import Placement

RNG = np.random.default_rng(0)


def still(n_axes: int) -> Placement:
    return Placement(np.eye(n_axes), np.zeros(n_axes))


def cubic(distance: float) -> float:
    if distance < 1:
        return 2 / 3 - distance**2 + distance**3 / 2
    return max(2 - distance, 0) ** 3 / 6


def seen_slowly(placement: Placement, image: np.ndarray) -> np.ndarray:
    """One pixel after the other, as the definition says; NaN outside."""
    space, half = np.array(image.shape), max(image.shape) / 2
    n = 0 if placement.controls is None else placement.controls.shape[-1]
    laid = np.full(image.shape, np.nan)
    for pixel in np.ndindex(image.shape):
        position = (np.array(pixel) - (space - 1) / 2) / half
        at = 1 + (np.array(pixel) + 0.5) / space * (n - 3)
        bend = np.zeros(len(space))
        for knot in np.ndindex((n,) * len(space)):
            weight = np.prod([cubic(abs(a - k)) for a, k in zip(at, knot, strict=True)])
            bend += weight * placement.controls[(slice(None), *knot)]
        source = placement.matrix @ (position + bend) + placement.offset
        if (np.abs(source) > space / max(space)).any():
            continue
        there = np.clip(source * half + (space - 1) / 2, 0, space - 1)
        low = np.minimum(there.astype(int), np.maximum(space - 2, 0))
        laid[pixel] = 0
        for corner in np.ndindex((2,) * len(space)):
            share = np.prod(np.where(corner, there - low, 1 - (there - low)))
            laid[pixel] += share and share * image[tuple(np.minimum(low + corner, space - 1))]
    return laid


@pytest.mark.parametrize("space", [(9, 13), (12, 5), (5, 7, 6)])
@pytest.mark.parametrize("bends", [False, True])
def test_an_image_lies_where_a_slow_loop_puts_it(space: tuple[int, ...], bends: bool) -> None:
    d = len(space)
    controls = RNG.normal(scale=0.1, size=(d,) + (5,) * d) if bends else None
    placement = Placement(
        np.eye(d) + RNG.normal(scale=0.2, size=(d, d)), RNG.normal(scale=0.1, size=d), controls
    )
    image = RNG.normal(size=(1, *space))
    slow = seen_slowly(placement, image[0])
    inside = placement.inside(space)
    np.testing.assert_array_equal(inside, ~np.isnan(slow))
    np.testing.assert_allclose(placement.laid(image)[0][inside], slow[inside], atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 7, 9), (3, 8, 8), (2, 4, 6, 5), (1, 1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64])
def test_where_nothing_moves_every_pixel_stays(shape: tuple[int, ...], dtype: type) -> None:
    image = RNG.integers(0, 120, shape).astype(dtype)
    laid = still(len(shape) - 1).laid(image)
    assert laid.dtype == dtype
    np.testing.assert_array_equal(laid, image)
    assert still(len(shape) - 1).inside(shape[1:]).all()


def test_a_large_image_is_laid_in_slabs_to_the_same_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    placement = Placement(np.array([[0.9, 0.2], [-0.2, 0.9]]), np.zeros(2), RNG.normal(size=(2, 4, 4)) / 20)
    image = RNG.normal(size=(1, 31, 17))
    whole = placement.laid(image), placement.inside((31, 17))
    monkeypatch.setattr("doppelscan.images.placement._AT_ONCE", 40)
    np.testing.assert_allclose(placement.laid(image), whole[0], rtol=1e-9)
    np.testing.assert_array_equal(placement.inside((31, 17)), whole[1])


def test_black_and_white_are_exchanged_within_each_channel() -> None:
    image = np.array([[[0, 10], [20, 100]], [[5, 5], [5, 6]]], dtype=np.uint8)
    laid = Placement(np.eye(2), np.zeros(2), inverted=True).laid(image)
    assert laid.tolist() == [[[100, 90], [80, 0]], [[6, 6], [6, 5]]]


def film_map(degrees: float, factor: float, mirrored: bool) -> np.ndarray:
    """Where (row, column) of the changed film lies in the film before: turned back, shrunk back, mirrored back."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.linalg.inv(factor * turn @ np.diag([1.0, -1.0 if mirrored else 1.0]))


@given(st.integers(-179, 180), st.floats(0.5, 2), st.booleans())
def test_what_was_done_to_a_film_is_said(degrees: int, factor: float, mirrored: bool) -> None:
    said = Placement(film_map(degrees, factor, mirrored), np.zeros(2)).described().split()
    assert ("mirrored" in said) == mirrored
    turns = [int(word.split("_")[1]) for word in said if word.startswith("turned")]
    assert turns == ([degrees] if degrees else []) or (
        abs(degrees) == 180 and [abs(t) for t in turns] == [180]
    )
    zooms = [float(word.split("_")[1]) for word in said if word.startswith("scaled")]
    assert zooms == [] if abs(factor - 1) < 0.0149 else abs(([*zooms, 1.0])[0] - factor) < 0.02
    assert not {"as_it_is", "stretched", "bent", "inverted"} & set(said) or said == ["as_it_is"]


def test_a_positive_turn_of_a_film_is_counter_clockwise() -> None:
    film = np.zeros((1, 9, 9))
    film[0, 4, 7] = 1  # to the right of the centre
    laid = Placement(film_map(90, 1, mirrored=False), np.zeros(2)).laid(film)
    assert np.argwhere(laid[0] > 0.5).tolist() == [[1, 4]]  # now above it


def test_a_mirror_of_a_film_exchanges_left_and_right_and_of_a_volume_its_first_axis() -> None:
    assert Placement(np.diag([1.0, -1.0]), np.zeros(2)).described() == "mirrored"
    assert Placement(np.diag([-1.0, 1.0]), np.zeros(2)).described() == "mirrored turned_180"
    assert Placement(np.diag([-1.0, 1.0, 1.0]), np.zeros(3)).described() == "mirrored"


def test_each_change_has_its_word() -> None:
    assert still(2).described() == still(3).described() == "as_it_is"
    assert Placement(np.eye(2), np.array([0.0, 0.1])).described() == "shifted_5"
    assert Placement(np.diag([1.0, 0.9]), np.zeros(2)).described() == "scaled_1.05 stretched"
    bend = np.full((2, 4, 4), 0.05)
    assert Placement(np.eye(2), np.zeros(2), bend, inverted=True).described() == "bent inverted"
    angle = np.radians(20)
    turn = np.eye(3)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    assert Placement(turn, np.zeros(3)).described() == "turned_20"
