"""What an alignment says is what its images show."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from doppelscan.registration import Alignment, AlignmentSettings
from doppelscan.registration.alignment import joined, nothing


def alignment(matrix: np.ndarray, offset: tuple[float, ...], controls: np.ndarray | None = None) -> Alignment:
    """One pair's."""
    d = len(offset)
    bend = np.zeros((d, *(4,) * d)) if controls is None else controls
    return Alignment(
        np.ones(1),
        np.ones(1),
        np.zeros(1, dtype=bool),
        np.asarray(matrix, dtype=np.float32)[None],
        np.array([offset], dtype=np.float32),
        bend.astype(np.float32)[None],
    )


def cubic(t: float) -> float:
    """The cubic B-spline."""
    t = abs(t)
    return 2 / 3 - t**2 + t**3 / 2 if t < 1 else max(0.0, 2 - t) ** 3 / 6


def loop_sources(found: Alignment, space: tuple[int, ...]) -> np.ndarray:
    """From the definition, pixel by pixel: `matrix @ (x + bend(x)) + offset`."""
    n, longest = found.controls.shape[-1], max(space)
    sources = np.zeros((*space, len(space)))
    for pixel in np.ndindex(*space):
        x = [(2 * i + 1 - length) / longest for i, length in zip(pixel, space, strict=True)]
        places = [1 + (i + 0.5) / length * (n - 3) for i, length in zip(pixel, space, strict=True)]
        bend = np.zeros(len(space))
        for control in np.ndindex(*(n,) * len(space)):
            value = np.prod([cubic(place - c) for place, c in zip(places, control, strict=True)])
            bend += value * found.controls[(0, slice(None), *control)]
        sources[pixel] = found.matrix[0] @ (np.array(x) + bend) + found.offset[0]
    return sources


@pytest.mark.parametrize("space", [(6, 9), (4, 3, 5)])
def test_sources_and_what_is_inside_are_those_of_plain_loops(space: tuple[int, ...]) -> None:
    d, rng = len(space), np.random.default_rng(0)
    matrix = np.eye(d) + 0.2 * rng.normal(size=(d, d))
    found = alignment(matrix, (0.2, -0.1, 0.3)[:d], 0.1 * rng.normal(size=(d, *(5,) * d)))
    expected = loop_sources(found, space)
    inside = (np.abs(expected) <= np.array(space) / max(space)).all(axis=-1)
    assert 0 < inside.mean() < 1
    np.testing.assert_array_equal(found.inside(space)[0], inside)
    ramps = np.moveaxis(loop_sources(alignment(np.eye(d), (0.0,) * d), space), -1, 0)
    last = (np.array(space) - 1) / max(space)  # the border repeats
    shown = found.warped(ramps[None].astype(np.float32))[0]
    np.testing.assert_allclose(np.moveaxis(shown, 0, -1), np.clip(expected, -last, last), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64, bool])
def test_the_identity_shows_the_image_itself_whatever_its_type(dtype: type) -> None:
    image = (np.random.default_rng(0).random((1, 3, 7, 12)) * 3).astype(dtype)
    found = alignment(np.eye(2), (0.0, 0.0))
    np.testing.assert_allclose(found.warped(image), image.astype(np.float32), atol=1e-5)
    assert found.inside((7, 12)).all()


def test_a_shift_by_whole_pixels_repeats_the_border() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(1, 1, 2, 6)
    found = alignment(np.eye(2), (0.0, 2 * 2 / 6))
    np.testing.assert_allclose(found.warped(image)[0, 0], image[0, 0][:, [2, 3, 4, 5, 5, 5]], atol=1e-5)
    assert found.inside((2, 6))[0].tolist() == [[True] * 4 + [False] * 2] * 2


def test_a_map_means_the_same_at_any_size() -> None:
    found = alignment(np.array([[0.0, -1.0], [1.0, 0.0]]), (0.1, 0.0))
    small, large = (np.linspace(0, 1, side)[:, None] * np.ones(side) for side in (16, 64))
    shown = [found.warped(image[None, None])[0, 0] for image in (small, large)]
    averaged = shown[1].reshape(16, 4, 16, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(shown[0], averaged, atol=0.05)


@pytest.mark.parametrize("n_axes", [2, 3])
def test_nothing_joins_with_anything_and_shows_nothing(n_axes: int) -> None:
    none, space = nothing(n_axes, AlignmentSettings(n_controls=4)), (5,) * n_axes
    one = alignment(np.eye(n_axes), (0.0,) * n_axes)
    assert len(none) == 0
    assert none.warped(np.zeros((0, 1, *space))).shape == (0, 1, *space)
    assert none.inside(space).shape == (0, *space)
    for field in fields(Alignment):
        both = getattr(joined([none, one, one]), field.name)
        assert both.dtype == getattr(one, field.name).dtype
        np.testing.assert_array_equal(both, np.repeat(getattr(one, field.name), 2, axis=0))


def test_alignments_are_taken_by_position_mask_or_slice() -> None:
    three = joined([alignment(np.eye(2), (float(i), 0.0)) for i in range(3)])
    taken = [three.take([2, 0]), three.take(np.array([True, False, True])), three.take(slice(1, None))]
    assert [one.offset[:, 0].tolist() for one in taken] == [[2, 0], [0, 2], [1, 2]]
