"""Are points found again where they should be, alike, and the same whatever runs beside?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from doppelscan.encoders.keypoints import (
    ONE,
    Keypoints,
    KeypointSettings,
    extract_keypoints,
    inverted,
    mirrored,
)
from doppelscan.errors import InputError
from doppelscan.search import ArrayBlocks
from doppelscan.settings import Resources
from textures import textures, turned

ALONE = Resources(memory=2**28, workers=1, device="cpu")


def points_of(pixels: np.ndarray, settings: KeypointSettings | None = None) -> Keypoints:
    return extract_keypoints(ArrayBlocks(pixels), settings, resources=ALONE)


def found_again(first: Keypoints, second: Keypoints, tolerance: float = 1.5) -> tuple[float, float]:
    """The share of points of one image found again at their place and direction, and how alike they are."""
    apart = np.abs(first.place[:, None] - second.place)
    turn = np.abs(np.angle(first.frame[:, None] / second.frame))
    pair = apart + 10 * turn
    best = pair.argmin(axis=1)
    again = (apart[np.arange(len(best)), best] < tolerance) & (turn[np.arange(len(best)), best] < 0.3)
    products = (first.descriptors.astype(float) * second.descriptors[best].astype(float)).sum(axis=1)
    return float(again.mean()), float(np.median(products[again]) / ONE)


def test_descriptors_have_about_length_one_and_their_products_fit_into_float32() -> None:
    points = points_of(textures(3))
    squares = (points.descriptors.astype(np.int64) ** 2).sum(axis=1)
    np.testing.assert_allclose(squares / ONE, 1, atol=0.05)
    assert 128 * 255**2 < 2**24


def test_points_lie_in_the_image_as_stored_and_at_most_so_many() -> None:
    points = points_of(textures(2, (1, 60, 140)), KeypointSettings(most=50))
    assert points.space == (60, 140)
    assert np.diff(points.starts).tolist() == [50, 50]
    assert points.place.real.min() >= -0.5
    assert points.place.real.max() <= 139.5
    assert points.place.imag.max() <= 59.5
    assert points.place.real.max() > 70


@pytest.mark.parametrize(
    ("change", "of_points"),
    [(lambda image: image[..., ::-1].copy(), mirrored), (lambda image: 255 - image, inverted)],
    ids=["mirrored", "inverted"],
)
def test_points_of_a_changed_image_are_told_without_looking_again(change, of_points) -> None:  # type: ignore[no-untyped-def]
    images = textures(1)
    seen, told = points_of(change(images)), of_points(points_of(images))
    share, likeness = found_again(told, seen)
    assert share > 0.7
    assert likeness > 0.98
    assert found_again(points_of(images), seen)[1] < 0.95  # so it is the order of the descriptor that does it


@pytest.mark.parametrize("change", [mirrored, inverted])
def test_changed_twice_is_unchanged(change) -> None:  # type: ignore[no-untyped-def]
    points = points_of(textures(2))
    again = change(change(points))
    np.testing.assert_array_equal(again.descriptors, points.descriptors)
    np.testing.assert_allclose(again.place, points.place, atol=1e-4)
    np.testing.assert_allclose(again.frame, points.frame)


def test_points_turn_and_grow_with_the_image() -> None:
    image = textures(1)[0]
    moved, back = turned(image, 30.0, 1.2)
    first, second = points_of(moved[None]), points_of(image[None])
    a = complex(back[0, 0], back[1, 0])
    place = a * first.place + complex(back[0, 2], back[1, 2])
    told = Keypoints(
        first.descriptors,
        place.astype(np.complex64),
        (a * first.frame).astype(np.complex64),
        first.starts,
        first.space,
    )
    share, likeness = found_again(told, second)
    assert share > 0.4
    assert likeness > 0.95


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 1, 300), (3, 2, 3), (2, 30, 5), (1, 17, 16), (0, 4, 4), (1, 0, 3)]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, np.bool_])
def test_images_of_any_shape_and_type_are_looked_at(shape: tuple[int, ...], dtype: type) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (2, *shape)).astype(dtype)
    points = points_of(pixels)
    assert len(points) == 2
    assert len(points.place) == points.starts[-1] == len(points.image)


def test_constant_images_and_no_images_have_no_points() -> None:
    images = textures(3)
    images[1] = 9
    points = points_of(images)
    assert np.diff(points.starts)[1] == 0
    assert np.diff(points.starts)[[0, 2]].min() > 0
    assert len(points_of(images[:0])) == 0


def test_an_image_has_the_same_points_in_any_company_on_any_number_of_threads() -> None:
    images = textures(9)
    whole = points_of(images)
    before = cv2.getNumThreads()
    try:
        for threads in (1, 3):
            cv2.setNumThreads(threads)
            busy = extract_keypoints(ArrayBlocks(images), resources=Resources(2**20, threads, "cpu"))
            for part in ("descriptors", "place", "frame", "starts"):
                np.testing.assert_array_equal(getattr(whole, part), getattr(busy, part))
    finally:
        cv2.setNumThreads(before)
    alone = points_of(images[4:5])
    np.testing.assert_array_equal(whole.part(4, 5).descriptors, alone.descriptors)
    np.testing.assert_array_equal(whole.part(4, 5).starts, alone.starts)


def test_more_points_than_memory_holds_are_refused_before_anything_is_read() -> None:
    class Many(ArrayBlocks):
        def __len__(self) -> int:
            return 10**6

        def read(self, start: int, stop: int) -> np.ndarray:
            raise AssertionError("read")

    with pytest.raises(InputError, match=r"300,000,000 points need 40.2 GiB.*--memory"):
        extract_keypoints(Many(textures(1)), resources=ALONE)


def test_volumes_and_broken_pixels_are_refused_with_a_cure() -> None:
    with pytest.raises(InputError, match=r"two axes of space, not 3.*--slices"):
        points_of(np.zeros((1, 1, 4, 4, 4)))
    with pytest.raises(InputError, match="NaN"):
        points_of(np.full((1, 1, 4, 4), np.nan))
