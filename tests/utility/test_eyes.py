"""Frozen encoders see any images, each the same in any company."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.imagesets import ImageSet
from doppelscan.utility.eyes import RandomConvolutions, SmallPixels, window_of
from doppelscan.utility.features import Features
from doppelscan.utility.makers import Augmented
from lesions import lesions


@pytest.mark.parametrize("shape", [(1, 9, 14), (3, 70, 40), (2, 7, 8, 9), (1, 1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_any_image_has_a_finite_vector_of_its_own(shape: tuple[int, ...], dtype: type) -> None:
    pixels = (np.random.default_rng(0).uniform(0, 200, (5, *shape))).astype(dtype)
    window = window_of(ImageSet.from_arrays(pixels))
    for encoder in (RandomConvolutions(window, 32, shape[0], len(shape) - 1), SmallPixels(window, 16)):
        together = encoder.vectors(pixels)
        assert np.isfinite(together).all()
        np.testing.assert_array_equal(encoder.vectors(pixels[3:4])[0], together[3])


def test_constant_images_have_a_window() -> None:
    low, high = window_of(ImageSet.from_arrays(np.full((2, 1, 3, 3), 7.0)))
    assert low < high


def test_each_picture_is_encoded_once() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (4, 1, 8, 8), np.uint8)
    images = ImageSet.from_arrays(pixels[[0, 1, 0, 2, 3, 1]])
    features = Features(SmallPixels((0.0, 255.0), 8))
    vectors = features.of(images)
    assert features.n_encoded == 4
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert features.of(images.take([])).shape == (0, vectors.shape[1])


@pytest.mark.parametrize(("room", "expected"), [(3 * 64 * 4, 3), (3 * 64 * 4 - 1, 6)])
def test_vectors_stay_in_memory_where_there_is_room(room: int, expected: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (3, 1, 8, 8), np.uint8)
    features = Features(SmallPixels((0.0, 255.0), 8), room=room)
    first, again = (features.of(ImageSet.from_arrays(pixels)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert features.n_encoded == expected


def test_vectors_of_changed_images_do_not_stay() -> None:
    images = lesions(3, 0, size=16)
    features = Features(SmallPixels((0.0, 255.0), 8))
    changed = Augmented().make(images, {"nevus": 5}, 0)
    for times, of in ((1, changed), (2, changed)):
        features.of(of)
        assert features.n_encoded == 5 * times
