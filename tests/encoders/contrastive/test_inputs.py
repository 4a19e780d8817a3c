"""Do networks see what they should of an image of any type, shape and intensity?"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.encoders.contrastive.inputs import input_space, resized, scaled
from doppelscan.errors import InputError

TYPES = (np.bool_, np.uint8, np.int16, np.uint16, np.float16, np.float32, np.float64)


def mean_over_span(image: np.ndarray, space: tuple[int, ...], at: tuple[int, ...]) -> float:
    """One new pixel: old ones weighted by how much of each lies in the new pixel's span."""
    total = 0.0
    for old in np.ndindex(image.shape):
        weight = 1.0
        for position, place, before, after in zip(old, at, image.shape, space, strict=True):
            begin = max(position / before, place / after)
            end = min((position + 1) / before, (place + 1) / after)
            weight *= max(end - begin, 0) * after
        total += weight * float(image[old])
    return total


@settings(deadline=None)
@given(
    image=hnp.arrays(
        np.float64, hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=5), elements=st.floats(0, 1)
    ),
    data=st.data(),
)
def test_each_new_pixel_is_the_mean_over_its_span(image: np.ndarray, data: st.DataObject) -> None:
    space = tuple(data.draw(st.integers(1, 6)) for _ in image.shape)
    found = resized(image[None, None], space)[0, 0]
    width = np.ptp(image)
    unit = (image - image.min()) / width if width > 0 else image * 0
    for _ in range(4):
        at = tuple(data.draw(st.integers(0, length - 1)) for length in space)
        assert float(found[at]) == pytest.approx(mean_over_span(unit, space, at), abs=1e-5)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(1, 9, 7), (3, 8, 12), (2, 5, 6, 7)])
def test_images_of_any_type_and_shape_lie_between_0_and_1(dtype: type, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    pixels = (rng.integers(0, 2, (4, *shape)) * rng.uniform(1, 100, (4, *shape))).astype(dtype)
    pixels[2] = pixels[2, 0].flat[0]
    found = resized(pixels, shape[1:])
    assert found.shape == pixels.shape
    assert found.dtype == torch.float32
    low, high = found[[0, 1, 3]].flatten(1).aminmax(dim=1)
    assert (low.tolist(), high.tolist()) == ([0, 0, 0], [1, 1, 1])
    assert not found[2].any()


def test_offset_and_scale_of_the_stored_values_change_nothing() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (3, 1, 12, 10)).astype(np.uint8)
    for other in (pixels.astype(np.uint16) * 200, pixels * 1e-200, pixels * 1e200 - 1e201, pixels + 1e9):
        assert torch.allclose(resized(other, (6, 5)), resized(pixels, (6, 5)), atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_images_that_are_not_finite_are_refused_by_position(value: float) -> None:
    pixels = np.zeros((3, 1, 4, 4))
    pixels[1, 0, 2, 2] = value
    with pytest.raises(InputError, match="image 1 of the block: 1 of 3 images hold values that are NaN"):
        resized(pixels, (2, 2))


@given(st.lists(st.integers(1, 600), min_size=2, max_size=3).map(tuple), st.integers(16, 512))
def test_the_longest_axis_becomes_the_side_and_no_axis_vanishes(space: tuple[int, ...], side: int) -> None:
    found = input_space(space, side)
    assert found[int(np.argmax(space))] == max(side, min(max(space), 8))
    for before, after in zip(space, found, strict=True):
        assert after >= min(before, 8)
        assert after == max(round(before * side / max(space)), min(before, 8))
    assert input_space(space, None) == space


@pytest.mark.parametrize("shape", [(5, 2, 6, 7), (4, 1, 3, 4, 5)])
def test_standard_channels_have_mean_0_and_deviation_1(shape: tuple[int, ...]) -> None:
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    images[1] = 0.4
    found = scaled(images, "standard").flatten(2)
    assert not found[1].any()
    kept = [i for i in range(shape[0]) if i != 1]
    assert found[kept].mean(2) == pytest.approx(torch.zeros(len(kept), shape[1]), abs=1e-5)
    assert found[kept].std(2, correction=0) == pytest.approx(torch.ones(len(kept), shape[1]), abs=1e-5)


@given(hnp.arrays(np.int64, (2, 2, 3, 4), elements=st.integers(0, 5)))
def test_ranks_are_those_counted_in_plain_loops(values: np.ndarray) -> None:
    found = scaled(torch.from_numpy(values).float(), "ranks")
    for image, channel in product(range(2), range(2)):
        plain = values[image, channel].ravel()
        for position, value in enumerate(plain):
            below, equal = sum(v < value for v in plain), sum(v == value for v in plain)
            expected = (2 * below + equal) / len(plain) - 1
            assert float(found[image, channel].flatten()[position]) == pytest.approx(expected, abs=1e-6)


def test_ranks_are_the_same_under_every_increasing_change() -> None:
    images = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    assert torch.equal(scaled(images, "ranks"), scaled(images**3 * 5 + 1, "ranks"))


def test_extremes_span_minus_1_to_1_over_all_channels() -> None:
    images = torch.tensor([[[[1.0, 2.0]], [[3.0, 5.0]]], [[[4.0, 4.0]], [[4.0, 4.0]]]])
    expected = torch.tensor([[[[-1.0, -0.5]], [[0.0, 1.0]]], [[[0.0, 0.0]], [[0.0, 0.0]]]])
    assert torch.allclose(scaled(images, "extremes"), expected)
    assert math.isclose(float(scaled(images, "extremes").max()), 1.0)
