"""Films are laid onto each other as their points say, where that is better than leaving them."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.review.laying import laid_by_points
from textures import textures, turned

FILM, OTHER = textures(2, (1, 128, 160))


def inner(image: np.ndarray) -> np.ndarray:
    """What no turn of a few degrees takes beyond the border."""
    return image[:, 24:-24, 24:-24].astype(float)


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(inner(a).ravel(), inner(b).ravel())[0, 1])


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("invert", [False, True])
def test_a_film_that_was_turned_mirrored_or_inverted_is_laid_back(*, mirror: bool, invert: bool) -> None:
    moved, _ = turned(FILM, 10, 1.1)
    moved = 255 - moved if invert else moved
    moved = np.ascontiguousarray(moved[..., ::-1]) if mirror else moved
    placement = laid_by_points(moved, FILM)
    assert placement is not None
    assert ("mirrored" in placement.described(), placement.inverted) == (mirror, invert)
    assert likeness(moved, placement.laid(FILM)) > 0.95 > likeness(moved, FILM)


def test_what_lies_there_already_is_left_as_it_is() -> None:
    noisy = np.clip(FILM + np.random.default_rng(0).normal(0, 5, FILM.shape), 0, 255).astype(np.uint8)
    assert laid_by_points(FILM, FILM) is None
    assert laid_by_points(noisy, FILM) is None


def test_strangers_constants_and_volumes_are_left_as_they_are() -> None:
    assert laid_by_points(FILM, OTHER) is None
    assert laid_by_points(np.full_like(FILM, 7), FILM) is None
    assert laid_by_points(FILM[:, :4, :4], FILM[:, :4, :4]) is None
    volume = np.zeros((1, 8, 8, 8), dtype=np.uint8)
    assert laid_by_points(volume, volume) is None


def test_colour_and_sixteen_bits_are_laid_alike() -> None:
    film = np.repeat(FILM.astype(np.uint16) * 200, 3, axis=0)
    moved, _ = turned(film, -12)
    placement = laid_by_points(moved, film)
    assert placement is not None
    assert placement.described().startswith("turned_")
    assert placement.laid(film).dtype == np.uint16


def test_the_same_pair_is_laid_alike_every_time() -> None:
    moved, _ = turned(FILM, 14, 0.9)
    first, second = (laid_by_points(moved, FILM) for _ in range(2))
    assert first is not None
    assert second is not None
    assert np.array_equal(first.matrix, second.matrix)
    assert np.array_equal(first.offset, second.offset)
