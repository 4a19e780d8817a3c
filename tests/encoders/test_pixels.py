"""Are pixel vectors centred, of length one and true, whatever the type and offset of the pixels?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.encoders import unit_vectors
from doppelscan.errors import InputError

TYPES = (np.bool_, np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float16, np.float32, np.float64)
SHAPES = hnp.array_shapes(min_dims=3, max_dims=5, min_side=1, max_side=5)


def pixels_of(dtype: type) -> st.SearchStrategy[np.ndarray]:
    elements = {"allow_nan": False, "allow_infinity": False} if np.issubdtype(dtype, np.floating) else {}
    return hnp.arrays(dtype, SHAPES, elements=hnp.from_dtype(np.dtype(dtype), **elements))


@pytest.mark.parametrize("dtype", TYPES)
@given(data=st.data())
def test_vectors_are_centred_and_of_length_one_or_zero_if_constant(dtype: type, data: st.DataObject) -> None:
    pixels = data.draw(pixels_of(dtype).filter(lambda x: np.abs(x.astype(float)).max() < 1e300))
    unit = unit_vectors(pixels)
    flat = pixels.reshape(len(pixels), -1)
    assert unit.constant.tolist() == [len(set(image.tolist())) == 1 for image in flat]
    vectors = unit.vectors.double()
    assert vectors.shape == flat.shape
    assert vectors.norm(dim=1) == pytest.approx((~unit.constant).double(), abs=1e-6)
    assert vectors.sum(dim=1) == pytest.approx(0, abs=1e-6)


@given(hnp.arrays(np.int32, st.tuples(st.just(1), st.just(1), st.integers(2, 9))))
def test_each_component_is_the_exact_one_rounded_to_float32(pixels: np.ndarray) -> None:
    values = [Fraction(v) for v in pixels.ravel().tolist()]
    if len(set(values)) == 1:
        return
    centred = [v - sum(values) / len(values) for v in values]
    length = float(sum(v * v for v in centred)) ** 0.5
    found = unit_vectors(pixels).vectors[0].tolist()
    assert found == pytest.approx([float(v) / length for v in centred], rel=2**-24 + 1e-12, abs=1e-20)


@pytest.mark.parametrize("offset", [0.0, 1e6, -1e9, 1e14])
def test_a_large_offset_changes_nothing(offset: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 1, 9, 9)).astype(np.float64)
    assert torch.equal(unit_vectors(pixels + offset).vectors, unit_vectors(pixels.astype(np.uint8)).vectors)


def test_float32_noise_on_a_mean_of_a_million_is_kept() -> None:
    noise = np.random.default_rng(1).normal(size=(2, 1, 64, 64))
    pixels = (1e6 + noise).astype(np.float32)
    expected = np.corrcoef(pixels.reshape(2, -1).astype(np.float64))[0, 1]
    a, b = unit_vectors(pixels).vectors.double()
    assert float(a @ b) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e299])
def test_extreme_scales_neither_overflow_nor_vanish(scale: float) -> None:
    pixels = np.arange(12.0).reshape(1, 1, 3, 4)
    unit = unit_vectors(pixels * scale)
    assert not unit.constant.any()
    assert torch.allclose(unit.vectors, unit_vectors(pixels).vectors, atol=1e-7)


@pytest.mark.parametrize("value", [0, 0.1, 1e6 / 3, 255, -1e-5])
def test_a_constant_image_is_all_zeros_although_its_mean_is_rounded(value: float) -> None:
    unit = unit_vectors(np.full((1, 1, 7, 11), value))
    assert unit.constant.all()
    assert not unit.vectors.any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308])
def test_values_that_cannot_be_summed_are_refused(value: float) -> None:
    pixels = np.zeros((3, 1, 4, 4))
    pixels[1] = np.tile([value, -value], 8).reshape(4, 4)
    with pytest.raises(InputError, match=r"image 1 of the block: 1 of 3 images hold values that are NaN"):
        unit_vectors(pixels)


@pytest.mark.parametrize("shape", [(0, 1, 4, 4), (2, 1, 0, 4)])
def test_no_images_or_no_pixels_give_no_directions(shape: tuple[int, ...]) -> None:
    unit = unit_vectors(np.zeros(shape, dtype=np.uint8))
    assert unit.vectors.shape == (shape[0], np.prod(shape[1:]))
    assert unit.constant.all()


def test_read_only_strided_and_byte_swapped_pixels_are_read() -> None:
    pixels = np.random.default_rng(2).integers(0, 4096, (3, 1, 6, 6)).astype(np.uint16)
    swapped = pixels.astype(">u2")
    swapped.setflags(write=False)
    expected = unit_vectors(pixels).vectors
    assert torch.equal(unit_vectors(swapped).vectors, expected)
    assert torch.equal(unit_vectors(np.repeat(pixels, 2, axis=3)[..., ::2]).vectors, expected)


def test_the_pixels_given_are_left_as_they_are() -> None:
    pixels = np.random.default_rng(3).normal(size=(3, 1, 4, 4))
    before = pixels.copy()
    unit_vectors(pixels)
    assert np.array_equal(pixels, before)
