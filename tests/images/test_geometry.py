"""Grids are resized, resampled, cropped and padded as the slow obvious loops do it, in 2D and 3D."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.images.geometry import crop_or_pad, fitted_shape, resample, resize

spaces = st.lists(st.integers(1, 9), min_size=2, max_size=3)
dtypes = st.sampled_from(["uint8", "int16", "uint16", "float32", "float64", "bool"]).map(np.dtype)


def loop_line(line: list[float], n_new: int, step: float) -> list[float]:
    """One axis, from the definition: the mean over the new pixel's area, or the line between two centres."""
    n_old, start = len(line), (len(line) - n_new * step) / 2
    return [
        loop_area(line, start + i * step, start + (i + 1) * step)
        if step > 1
        else loop_between(line, min(max(start + (i + 0.5) * step - 0.5, 0.0), n_old - 1.0))
        for i in range(n_new)
    ]


def loop_area(line: list[float], low: float, high: float) -> float:
    low, high = max(low, 0.0), min(high, float(len(line)))
    covered = [max(0.0, min(j + 1, high) - max(j, low)) for j in range(len(line))]
    return sum(share * value for share, value in zip(covered, line, strict=True)) / sum(covered)


def loop_between(line: list[float], position: float) -> float:
    left = math.floor(position)
    right = min(left + 1, len(line) - 1)
    return line[left] + (position - left) * (line[right] - line[left])


@st.composite
def images(draw: st.DrawFn) -> np.ndarray:
    dtype = draw(dtypes)
    values = st.booleans() if dtype.kind == "b" else st.integers(0, 100)
    return draw(hnp.arrays(dtype, (draw(st.integers(1, 3)), *draw(spaces)), elements=values))


@given(line=st.lists(st.floats(-100, 100), min_size=1, max_size=12), n_new=st.integers(1, 20))
def test_resize_of_one_axis_agrees_with_loops(line: list[float], n_new: int) -> None:
    resized = resize(np.array(line)[None, :, None], (n_new, 1))
    np.testing.assert_allclose(resized[0, :, 0], loop_line(line, n_new, len(line) / n_new), atol=1e-9)


@given(
    line=st.lists(st.floats(-100, 100), min_size=1, max_size=12),
    spacing_mm=st.floats(0.3, 3),
    target_mm=st.floats(0.3, 3),
)
def test_resample_of_one_axis_agrees_with_loops(
    line: list[float], spacing_mm: float, target_mm: float
) -> None:
    image = np.array(line)[None, :, None]
    resampled = resample(image, (spacing_mm, target_mm), target_mm)
    expected = loop_line(line, resampled.shape[1], target_mm / spacing_mm)
    np.testing.assert_allclose(resampled[0, :, 0], expected, atol=1e-9)


@given(image=images(), data=st.data())
def test_resize_gives_the_shape_the_type_and_no_new_extremes(image: np.ndarray, data: st.DataObject) -> None:
    n_axes = image.ndim - 1
    shape = data.draw(st.lists(st.integers(1, 20), min_size=n_axes, max_size=n_axes))
    resized = resize(image, shape)
    assert resized.shape == (len(image), *shape)
    assert resized.dtype == image.dtype
    assert float(resized.min()) >= float(image.min()) - 1e-4
    assert float(resized.max()) <= float(image.max()) + 1e-4


@given(image=images(), data=st.data())
def test_axes_are_resized_alike(image: np.ndarray, data: st.DataObject) -> None:
    """Turning the axes and resizing is resizing and turning the axes."""
    n_axes = image.ndim - 1
    shape = data.draw(st.lists(st.integers(1, 12), min_size=n_axes, max_size=n_axes))
    image = image.astype(np.float64)
    turned = resize(np.moveaxis(image, 1, -1), [*shape[1:], shape[0]])
    np.testing.assert_allclose(np.moveaxis(turned, -1, 1), resize(image, shape), atol=1e-9)


@given(image=images())
def test_the_same_shape_changes_nothing_and_gives_a_new_array(image: np.ndarray) -> None:
    same = resize(image, image.shape[1:])
    np.testing.assert_array_equal(same, image)
    assert not np.shares_memory(same, image)


def test_halving_takes_the_mean_of_blocks() -> None:
    image = np.array([[[0, 2, 10, 10], [4, 6, 10, 50]]], np.uint8)
    np.testing.assert_array_equal(resize(image, (1, 2)), [[[3, 20]]])


def test_halving_a_volume_takes_the_mean_of_blocks() -> None:
    volume = np.arange(2 * 4 * 4 * 4, dtype=np.float32).reshape(2, 4, 4, 4)
    blocks = volume.reshape(2, 2, 2, 2, 2, 2, 2).mean(axis=(2, 4, 6))
    np.testing.assert_allclose(resize(volume, (2, 2, 2)), blocks, rtol=1e-6)


def test_doubling_runs_linearly_between_centres() -> None:
    np.testing.assert_allclose(resize(np.array([[[0.0, 4.0]]]), (1, 4)), [[[0, 1, 3, 4]]])


def test_integers_are_rounded_not_cut() -> None:
    np.testing.assert_array_equal(resize(np.array([[[3, 3, 4]]], np.uint8), (1, 1)), [[[3]]])
    np.testing.assert_array_equal(resize(np.array([[[3, 4, 4]]], np.uint8), (1, 1)), [[[4]]])


def test_sixteen_bits_survive_whole() -> None:
    white = np.full((1, 7, 7), 65535, np.uint16)
    np.testing.assert_array_equal(resize(white, (3, 11)), np.full((1, 3, 11), 65535))


def test_resample_halves_the_spacing_by_doubling_the_pixels() -> None:
    volume = np.zeros((1, 4, 5, 6), np.int16)
    assert resample(volume, (1.0, 2.0, 4.0), 2.0).shape == (1, 2, 5, 12)


def test_resample_keeps_lengths_in_mm() -> None:
    """Two marks 12 mm apart stay 12 mm apart where the field is no whole number of new pixels."""
    line = np.zeros((1, 35, 1))
    line[0, [10, 22], 0] = 1
    resampled = resample(line, (1.0, 1.5), 1.5)[0, :, 0]
    middle = resampled[: len(resampled) // 2], resampled[len(resampled) // 2 :]
    marks = [np.average(np.arange(len(half)), weights=half) for half in middle]
    assert (marks[1] + len(middle[0]) - marks[0]) * 1.5 == pytest.approx(12, abs=0.3)


@pytest.mark.parametrize(("fit", "shape"), [("stretch", (60, 60)), ("pad", (30, 60)), ("crop", (60, 120))])
def test_the_aspect_ratio_is_kept_unless_stretched(fit: str, shape: tuple[int, int]) -> None:
    assert fitted_shape((50, 100), (60, 60), fit) == shape


def test_a_thin_image_keeps_a_pixel() -> None:
    assert fitted_shape((1, 1000), (10, 10), "pad") == (1, 10)


def test_crop_and_pad_are_about_the_centre() -> None:
    image = np.arange(12).reshape(1, 2, 6)
    np.testing.assert_array_equal(crop_or_pad(image, (4, 2), -1.0), [[[-1, -1], [2, 3], [8, 9], [-1, -1]]])


def test_the_odd_pixel_is_at_the_end() -> None:
    np.testing.assert_array_equal(crop_or_pad(np.array([[[1, 2]]]), (1, 5)), [[[0, 1, 2, 0, 0]]])
    np.testing.assert_array_equal(crop_or_pad(np.array([[[1, 2, 3, 4]]]), (1, 1)), [[[2]]])


def test_each_channel_is_padded_with_its_own_value() -> None:
    padded = crop_or_pad(np.zeros((2, 1, 1), np.uint8), (1, 3), np.array([7, 9]))
    np.testing.assert_array_equal(padded, [[[7, 0, 7]], [[9, 0, 9]]])


@given(image=images(), data=st.data())
def test_padding_and_cropping_back_changes_nothing(image: np.ndarray, data: st.DataObject) -> None:
    larger = [length + 2 * data.draw(st.integers(0, 4)) for length in image.shape[1:]]
    np.testing.assert_array_equal(crop_or_pad(crop_or_pad(image, larger), image.shape[1:]), image)
