"""Pixels are moved where the map says, in films and volumes alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from doppelscan.images.warps import Affine, crop, elastic, quarter_turn, rotation, shift, warp, zoom
from doppelscan.seeds import stream


def blob(*space: int) -> np.ndarray:
    """A smooth bright spot away from the centre."""
    away = [
        ((np.arange(length) - 0.6 * length) / (0.15 * length)).reshape(
            [-1 if axis == i else 1 for i in range(len(space))]
        )
        for axis, length in enumerate(space)
    ]
    return np.exp(-sum(a**2 for a in away) / 2)[None].astype(np.float32)


def loop_warp(image: np.ndarray, affine: Affine) -> np.ndarray:
    """From the definition: each new pixel comes from a place, and that from the pixels at its corners."""
    last = np.array(image.shape) - 1
    warped = np.zeros_like(image)
    for position in np.ndindex(image.shape):
        source = np.clip(affine.matrix @ (position - last / 2) + affine.offset + last / 2, 0, last)
        for corner in itertools.product((0, 1), repeat=image.ndim):
            pixel = np.floor(source).astype(int) + corner
            weight = np.prod(np.clip(1 - np.abs(source - pixel), 0, None))
            warped[position] += weight * image[tuple(np.minimum(pixel, last))]
    return warped


@pytest.mark.parametrize("space", [(24, 20), (12, 10, 14)])
def test_warp_agrees_with_loops(space: tuple[int, ...]) -> None:
    rng = stream(0, "warp")
    image = blob(*space)
    affine = zoom(len(space), 0.3, rng).after(shift(space, 0.1, rng)).after(rotation(len(space), 30.0, rng))
    np.testing.assert_allclose(warp(image, affine)[0], loop_warp(image[0], affine), atol=1e-5)


def test_a_quarter_turn_and_a_whole_shift_are_exact() -> None:
    image = np.arange(9, dtype=np.float32).reshape(1, 3, 3)
    quarter = Affine(np.array([[0.0, 1.0], [-1.0, 0.0]]), np.zeros(2))
    np.testing.assert_allclose(warp(image, quarter)[0], np.rot90(image[0]), atol=1e-5)
    down = Affine(np.eye(2), np.array([-1.0, 0.0]))
    np.testing.assert_array_equal(warp(image, down)[0], image[0][[0, 0, 1]])


@pytest.mark.parametrize("space", [(48, 40), (28, 24, 32)])
def test_maps_one_after_the_other_are_their_composition(space: tuple[int, ...]) -> None:
    rng = stream(1, "composition")
    first, second = shift(space, 0.2, rng), rotation(len(space), 60.0, rng)
    image = blob(*space)
    in_turn = warp(warp(image, first), second)
    np.testing.assert_allclose(warp(image, second.after(first)), in_turn, atol=0.05)
    assert np.abs(warp(image, first.after(second)) - in_turn).max() > 0.2


@pytest.mark.parametrize("n_axes", [2, 3])
def test_a_rotation_keeps_lengths_and_hands_and_stays_below_its_angle(n_axes: int) -> None:
    angles = []
    for i in range(50):
        matrix = rotation(n_axes, 15.0, stream(i, "rotation")).matrix
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(n_axes), atol=1e-12)
        assert np.linalg.det(matrix) == pytest.approx(1)
        angles.append(np.degrees(np.arccos((np.trace(matrix) - (n_axes - 2)) / 2)))
    assert 12 < max(angles) <= 15


def test_shift_and_zoom_stay_below_their_strength_in_both_directions() -> None:
    shifts = np.array([shift((100, 50), 0.06, stream(i, "shift")).offset for i in range(100)])
    zooms = np.array([zoom(2, 0.2, stream(i, "zoom")).matrix[0, 0] for i in range(100)])
    assert np.all(np.abs(shifts) <= [6, 3])
    assert np.all(np.abs([shifts.min(axis=0), shifts.max(axis=0)]) > [5, 2.5])
    assert 1 / 1.2 <= zooms.min() < 0.9
    assert 1.1 < zooms.max() <= 1.2


def test_quarter_turns_of_a_square_film_are_all_three_and_exact() -> None:
    image = np.arange(36, dtype=np.float32).reshape(1, 6, 6)
    turned = [warp(image, quarter_turn(2, stream(i)))[0] for i in range(20)]
    found = {n for one in turned for n in range(4) if np.array_equal(one, np.rot90(image[0], n))}
    assert found == {1, 2, 3}
    assert all(any(np.array_equal(one, np.rot90(image[0], n)) for n in found) for one in turned)


def test_quarter_turns_of_a_cube_are_exact_in_every_plane() -> None:
    image = np.arange(64, dtype=np.float32).reshape(1, 4, 4, 4)
    planes = [(0, 1), (0, 2), (1, 2)]
    expected = {(plane, n): np.rot90(image[0], n, plane) for plane in planes for n in (1, 2, 3)}
    found = set()
    for i in range(60):
        turned = warp(image, quarter_turn(3, stream(i)))[0]
        (hit,) = [how for how, one in expected.items() if np.array_equal(one, turned)]
        found.add(hit)
    assert found == set(expected)


def test_a_quarter_turn_of_an_oblong_film_keeps_its_lengths() -> None:
    image = np.zeros((1, 9, 21), np.float32)
    image[0, 4, 8:13] = 1
    turned = [warp(image, quarter_turn(2, stream(i)))[0] for i in range(20)]
    upright = np.zeros((9, 21), np.float32)
    upright[2:7, 10] = 1
    assert any(np.array_equal(one, upright) for one in turned)


@pytest.mark.parametrize("space", [(60, 40), (20, 24, 28)])
def test_a_crop_lies_within_the_image_and_has_its_share_of_it(space: tuple[int, ...]) -> None:
    last = np.array(space) - 1
    corners = np.array(list(itertools.product(*((-half, half) for half in last / 2))))
    reached = []
    for i in range(40):
        window = crop(space, 0.5, stream(i, "crop"))
        sources = corners @ window.matrix.T + window.offset + last / 2
        assert np.all((sources >= -1e-9) & (sources <= last + 1e-9))
        assert np.prod(np.ptp(sources, axis=0) / last) == pytest.approx(0.5)
        reached.append(sources)
    assert np.all(np.min(reached, axis=(0, 1)) < 2)
    assert np.all(np.max(reached, axis=(0, 1)) > last - 2)


@pytest.mark.parametrize("space", [(64, 48), (24, 20, 22)])
def test_the_elastic_field_moves_pixels_by_its_typical_length(space: tuple[int, ...]) -> None:
    """A ramp shows by how much each pixel moved: its standard deviation over many draws is the strength."""
    ramp = np.broadcast_to(np.arange(space[0], dtype=float).reshape(-1, *[1] * (len(space) - 1)), space)[None]
    moved = [(elastic(ramp, 0.01, stream(i, "elastic")) - ramp)[0, space[0] // 2] for i in range(60)]
    assert np.std(moved) == pytest.approx(0.01 * max(space), rel=0.25)


def test_the_elastic_field_is_smooth() -> None:
    ramp = np.broadcast_to(np.arange(64.0)[:, None], (64, 64))[None]
    moved = elastic(ramp, 0.015, stream(0, "smooth"))[0, 8:-8]
    assert np.abs(np.diff(moved, axis=0) - 1).max() < 0.4


def test_all_channels_move_alike() -> None:
    image = np.repeat(blob(20, 20), 3, axis=0)
    for moved in (warp(image, rotation(2, 45.0, stream(1))), elastic(image, 0.1, stream(1))):
        np.testing.assert_array_equal(moved[0], moved[1])
        assert np.abs(moved - image).max() > 0.05


def moves() -> list[Callable[[np.ndarray], np.ndarray]]:
    turn = zoom(2, 0.2, stream(2)).after(rotation(2, 20.0, stream(3)))
    return [lambda image: warp(image, turn), lambda image: elastic(image, 0.03, stream(4))]


@pytest.mark.parametrize("move", moves(), ids=["warp", "elastic"])
@pytest.mark.parametrize("shape", [(1, 60, 44), (7, 31, 50), (1, 1, 9), (2, 1, 1)], ids=str)
def test_opencv_and_scipy_move_films_alike(
    move: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...]
) -> None:
    """Films of float32 go through the one, of float64 through the other; a grey level is a 255th."""
    image = 255 * stream(5).random(shape)
    image = ndimage.gaussian_filter(image, (0, 1, 1))
    fast, exact = move(image.astype(np.float32)), move(image)
    assert (fast.dtype, exact.dtype) == (np.dtype("f4"), np.dtype("f8"))
    steepest = max(np.abs(np.diff(image, axis=axis)).max(initial=0) for axis in (1, 2))
    np.testing.assert_allclose(fast, exact, atol=1e-3 + steepest / 16)
    assert np.abs(fast - exact).mean() <= 1e-4 + steepest / 64


@pytest.mark.parametrize("move", moves(), ids=["warp", "elastic"])
def test_a_film_longer_than_opencv_takes_is_moved_all_the_same(
    move: Callable[[np.ndarray], np.ndarray],
) -> None:
    image = np.linspace(0, 1, 80_000, dtype=np.float32).reshape(1, 2, 40_000)
    np.testing.assert_allclose(move(image), move(image.astype(np.float64)), atol=1e-4)


def test_a_film_that_is_not_contiguous_is_moved_alike() -> None:
    image = stream(6).random((2, 20, 30), np.float32)
    mirrored = image[:, :, ::-1]
    for move in moves():
        np.testing.assert_array_equal(move(mirrored), move(mirrored.copy()))
