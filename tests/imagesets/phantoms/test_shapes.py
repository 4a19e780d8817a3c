"""Distances and noise against plain geometry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from jaxtyping import TypeCheckError

from doppelscan.imagesets.phantoms.shapes import (
    capsule,
    cover,
    draw_waves,
    ellipsoid,
    intersection,
    merge,
    mirror,
    overlap,
    tube,
    union,
    unit,
)

coordinates = st.floats(-50, 50, width=32)
places = arrays.arrays(np.float32, (3, 7), elements=coordinates)


@given(places, st.floats(1, 40))
def test_the_distance_to_a_ball_is_that_to_its_centre_less_its_radius(
    points: np.ndarray, radius: float
) -> None:
    expected = np.linalg.norm(points - np.array([[1], [2], [3]]), axis=0) - radius
    np.testing.assert_allclose(ellipsoid(points, (1, 2, 3), (radius,) * 3), expected, atol=0.05)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_ellipsoid_begins_and_ends_at_its_radii(axis: int) -> None:
    line = np.zeros((3, 5), np.float32)
    line[axis] = np.array([-1.1, -1, 0, 1, 1.1]) * (20, 10, 5)[axis]
    outside, border, centre, *_ = ellipsoid(line, (0, 0, 0), (20, 10, 5))
    assert outside == pytest.approx(0.1 * (20, 10, 5)[axis], rel=0.01)
    assert border == pytest.approx(0, abs=1e-3)
    assert centre == pytest.approx(-5, rel=0.01)


@given(places)
def test_a_capsule_is_the_nearest_of_many_balls_along_it(points: np.ndarray) -> None:
    start, stop = np.array([-10.0, 4, 0]), np.array([12.0, -3, 8])
    along = np.linspace(0, 1, 400)
    centres = start + along[:, None] * (stop - start)
    oracle = np.min(np.linalg.norm(points.T[:, None] - centres, axis=-1), axis=1) - 3
    rod = capsule(points, (start.tolist(), stop.tolist()), (3, 3))
    np.testing.assert_allclose(rod, oracle, atol=0.05)


def test_a_rod_that_thins_out_has_both_radii() -> None:
    points = np.array([[0, 10], [5, 5]], np.float32)
    np.testing.assert_allclose(capsule(points, ((0, 0), (10, 0)), (4, 1)), [1, 4], atol=1e-5)


@given(places)
def test_a_tube_is_the_union_of_its_rods(points: np.ndarray) -> None:
    a, b, c = (0, 0, 0), (9, 1, 4), (20, -9, 2)
    rods = capsule(points, (a, b), (3, 2)), capsule(points, (b, c), (2, 1))
    np.testing.assert_array_equal(tube(points, [a, b, c], [3, 2, 1]), union(*rods))


def test_cover_is_one_inside_half_on_the_border_and_nothing_outside() -> None:
    distance = np.array([-5, -0.5, 0, 0.25, 5], np.float32)
    np.testing.assert_allclose(cover(distance, 1.0), [1, 1, 0.5, 0.25, 0])


@given(arrays.arrays(np.float32, 9, elements=coordinates), arrays.arrays(np.float32, 9, elements=coordinates))
def test_rounded_seams_only_add_and_rounded_corners_only_take_away(
    first: np.ndarray, second: np.ndarray
) -> None:
    assert (merge(first, second, 2.0) <= union(first, second)).all()
    assert (overlap(first, second, 2.0) >= intersection(first, second)).all()
    apart = np.abs(first - second) >= 2
    np.testing.assert_array_equal(merge(first, second, 2.0)[apart], union(first, second)[apart])


@given(arrays.arrays(np.float32, 5, elements=coordinates))
def test_unit_cuts_at_nought_and_one(values: np.ndarray) -> None:
    np.testing.assert_array_equal(unit(values), [min(max(value, 0), 1) for value in values])


@given(places)
def test_mirrored_points_differ_in_the_sign_of_the_first_axis_alone(points: np.ndarray) -> None:
    mirrored = mirror(points)
    np.testing.assert_array_equal(mirrored[0], np.abs(points[0]))
    np.testing.assert_array_equal(mirrored[1:], points[1:])


def test_noise_has_mean_nought_and_variance_one() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-500, 500, (3, 20_000)).astype(np.float32)
    noise = draw_waves(rng, 20, (10, 30)).at(points)
    assert noise.mean() == pytest.approx(0, abs=0.03)
    assert noise.std() == pytest.approx(1, abs=0.03)


def test_noise_at_a_point_is_the_same_alone_and_among_others() -> None:
    rng = np.random.default_rng(1)
    waves = draw_waves(rng, 5, (10, 30))
    points = rng.uniform(-50, 50, (3, 4, 5, 6)).astype(np.float32)
    np.testing.assert_allclose(waves.at(points[:, 2:3, 1:2]), waves.at(points)[2:3, 1:2], atol=1e-5)


def test_noise_is_the_sum_of_sines_that_it_says() -> None:
    waves = draw_waves(np.random.default_rng(2), 3, (10, 30), n_axes=2)
    place = np.array([3.0, -7.0])
    expected = sum(np.sin(np.dot(v, place) + p) for v, p in zip(waves.vectors, waves.phases, strict=True))
    found = waves.at(place.astype(np.float32)[:, None])[0]
    assert found == pytest.approx(expected * np.sqrt(2 / 3), abs=1e-5)


def test_shapes_refuse_float64_so_that_nothing_doubles_its_memory_unseen() -> None:
    with pytest.raises(TypeCheckError):
        cover(np.zeros(3), 1.0)
