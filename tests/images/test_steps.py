"""Each step of a preparation changes one thing, keeps the spacing true, and refuses what it cannot do."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.errors import UnreadableImage
from doppelscan.images.image import Image
from doppelscan.images.steps import Foreground, at_size, at_spacing, framed, sliced

ALL = Foreground(0.0, 0.0, 0)


def volume(*space: int, dtype: str = "int16", **rescale: float) -> Image:
    pixels = np.arange(np.prod(space)).reshape(1, *space).astype(dtype)
    return Image(pixels, spacing_mm=tuple(float(axis + 1) for axis in range(len(space))), **rescale)


def test_spacing_is_reached_and_said() -> None:
    resampled = at_spacing(volume(6, 6, 6), 2.0)
    assert resampled.space == (3, 6, 9)
    assert resampled.spacing_mm == (2.0, 2.0, 2.0)


def test_unknown_spacing_is_refused() -> None:
    with pytest.raises(UnreadableImage, match="so it cannot be resampled to 3 mm"):
        at_spacing(Image(np.zeros((1, 2, 2))), 3.0)


def test_slices_carry_their_number_and_their_spacing() -> None:
    pieces = sliced(volume(3, 4, 5), "coronal", ALL)
    assert [piece.k for piece in pieces] == [0, 1, 2, 3]
    assert {piece.image.space for piece in pieces} == {(5, 3)}
    assert {piece.image.spacing_mm for piece in pieces} == {(3.0, 1.0)}


def test_slices_keep_the_rescale() -> None:
    piece = sliced(volume(2, 2, 2, slope=3.0, intercept=-1.0), "axial", ALL)[0]
    assert (piece.image.slope, piece.image.intercept) == (3.0, -1.0)


def test_a_film_has_no_slices() -> None:
    with pytest.raises(UnreadableImage, match="has 2 axes of space, so it has no axial slices"):
        sliced(volume(2, 2), "axial", ALL)


def test_a_slice_needs_more_than_the_share_of_foreground() -> None:
    """Slices of four pixels with 0 to 4 of them above 50: exactly half is not more than half."""
    pixels = np.zeros((1, 2, 2, 5), np.uint8)
    for k in range(5):
        pixels[0, ..., k].flat[:k] = 51
    pixels[pixels == 0] = 50
    pieces = sliced(Image(pixels), "axial", Foreground(share=0.5, above=50.0, channel=0))
    assert [piece.k for piece in pieces] == [3, 4]


def test_foreground_is_judged_on_values_of_its_channel() -> None:
    pixels = np.zeros((2, 1, 1, 2), np.int16)
    pixels[1, ..., 1] = 2000
    image = Image(pixels, slope=1.0, intercept=-1000.0)
    pieces = sliced(image, "axial", Foreground(share=0.1, above=0.0, channel=1))
    assert [piece.k for piece in pieces] == [1]


def test_a_foreground_channel_that_is_not_there_is_named() -> None:
    with pytest.raises(UnreadableImage, match="no channel 3"):
        sliced(volume(2, 2, 2), "axial", Foreground(share=0.1, above=0.0, channel=3))


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
def test_one_number_is_the_size_of_every_axis(fit: str) -> None:
    assert at_size(volume(2, 5), (4,), fit).space == (4, 4)
    assert at_size(volume(2, 5, 3), (4,), fit).space == (4, 4, 4)


def test_spacing_follows_the_size() -> None:
    assert at_size(volume(2, 6), (4, 3), "stretch").spacing_mm == (0.5, 4.0)


def test_padding_keeps_the_proportions_and_adds_the_darkest() -> None:
    wide = Image(np.array([[[5, 5, 9, 9]]], np.uint8))
    np.testing.assert_array_equal(at_size(wide, (2,), "pad").stored, [[[5, 9], [5, 5]]])


def test_cropping_keeps_the_proportions_and_the_middle() -> None:
    wide = Image(np.array([[[1, 2, 3, 4]]], np.uint8))
    np.testing.assert_array_equal(at_size(wide, (1,), "crop").stored, [[[2]]])


def test_what_is_padded_is_dark_where_the_slope_is_negative() -> None:
    """MONOCHROME1: the largest stored pixel is the darkest value."""
    film = framed(Image(np.array([[[10, 200]]], np.uint8), slope=-1.0, intercept=255.0), (1, 4))
    np.testing.assert_array_equal(film.stored, [[[200, 10, 200, 200]]])
    np.testing.assert_array_equal(film.pixels, [[[55, 245, 55, 55]]])


def test_a_mask_can_be_framed() -> None:
    mask = framed(Image(np.ones((1, 1, 1), bool)), (3, 3))
    assert mask.stored.dtype == bool


def test_a_shape_of_other_axes_is_refused() -> None:
    with pytest.raises(UnreadableImage, match="has 2 axes of space, not the 3 of 4x4x4"):
        at_size(volume(2, 2), (4, 4, 4), "stretch")
