"""Any image becomes a picture: the right panels, the right grey, no crash."""

from __future__ import annotations

import io

import nibabel as nib
import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from doppelscan.images.montage import contact_sheet, difference, picture, png, sheet, shrunk
from doppelscan.images.slices import cut
from realdata import real_data

GREY = [128, 128, 128]


def ramp(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


@settings(max_examples=50)
@given(
    pixels=hnp.arrays(
        st.sampled_from(["bool", "uint8", "int16", "uint16", "float32", "float64"]),
        hnp.array_shapes(min_dims=3, max_dims=4, min_side=1, max_side=6),
        elements=st.integers(0, 1),
    )
)
def test_any_image_can_be_shown(pixels: np.ndarray) -> None:
    shown = picture(pixels)
    assert shown.dtype == np.uint8
    assert shown.shape == difference(pixels, pixels).shape
    assert PIL.Image.open(io.BytesIO(png(shown))).size == shown.shape[1::-1]


def test_grey_runs_from_black_to_white_over_its_own_range() -> None:
    shown = picture(np.array([[[-1000, 0, 1000]]], np.int16))
    np.testing.assert_array_equal(shown[0], [[0] * 3, [128] * 3, [255] * 3])


def test_a_few_bright_pixels_do_not_darken_the_rest() -> None:
    pixels = np.linspace(0, 100, 10_000).reshape(1, 100, 100)
    pixels[0, 0, :10] = 1e6
    assert picture(pixels)[-1, -1, 0] >= 250


def test_a_mask_of_few_pixels_is_seen() -> None:
    mask = np.zeros((1, 100, 100), np.uint8)
    mask[0, 50, 50] = 1
    assert picture(mask)[50, 50, 0] == 255


def test_a_window_is_what_it_says() -> None:
    shown = picture(np.array([[[-10.0, 0.0, 5.0, 10.0, 20.0]]]), (0.0, 10.0))
    np.testing.assert_array_equal(shown[0, :, 0], [0, 0, 128, 255, 255])


def test_eight_bit_colour_is_shown_as_it_is() -> None:
    colour = np.random.default_rng(0).integers(50, 90, (3, 5, 7), dtype=np.uint8)
    np.testing.assert_array_equal(picture(colour), np.moveaxis(colour, 0, 2))


def test_colour_of_another_type_is_scaled_as_a_whole() -> None:
    colour = np.array([-1.0, 0.0, 1.0]).reshape(3, 1, 1)
    np.testing.assert_array_equal(picture(colour), [[[0, 128, 255]]])


def test_other_channels_stand_side_by_side() -> None:
    shown = picture(ramp(2, 4, 5))
    assert shown.shape == (4, 5 + 2 + 5, 3)
    np.testing.assert_array_equal(shown[:, :5], shown[:, -5:])


def test_a_volume_shows_its_three_middle_slices() -> None:
    volume = ramp(1, 3, 4, 5)
    shown = picture(volume, (0.0, 255.0))
    assert shown.shape == (5, 3 + 2 + 3 + 2 + 4, 3)
    np.testing.assert_array_equal(shown[:4, :3, 0], cut(volume, "axial", 2)[0])
    np.testing.assert_array_equal(shown[:, 5:8, 0], cut(volume, "coronal", 2)[0])
    np.testing.assert_array_equal(shown[:, 10:, 0], cut(volume, "sagittal", 1)[0])


def test_a_volume_of_three_channels_has_three_rows_not_colours() -> None:
    shown = picture(ramp(3, 4, 4, 4))
    assert shown.shape == (4 + 2 + 4 + 2 + 4, 4 + 2 + 4 + 2 + 4, 3)
    assert np.ptp(shown, axis=2).max() == 0


def test_thick_slices_get_their_true_proportions() -> None:
    assert picture(ramp(1, 6, 6, 2), spacing_mm=(1.0, 1.0, 3.0)).shape == (6, 6 + 2 + 6 + 2 + 6, 3)
    assert picture(ramp(1, 4, 6), spacing_mm=(0.5, 0.25)).shape == (8, 6, 3)


def test_equal_images_differ_nowhere() -> None:
    assert np.unique(difference(ramp(1, 5, 6), ramp(1, 5, 6)), axis=0).tolist() == [[GREY] * 6]


@pytest.mark.parametrize("shape", [(1, 5, 6), (3, 5, 6), (2, 4, 5, 6)], ids=str)
def test_brightness_and_contrast_do_not_show(shape: tuple[int, ...]) -> None:
    shown = difference(ramp(*shape), 0.5 * ramp(*shape) + 40)
    assert set(shown.ravel().tolist()) <= {0, 128}


def test_brighter_is_orange_and_darker_is_blue() -> None:
    flat, spotted = np.zeros((1, 9, 9), np.uint8), np.full((1, 9, 9), 100, np.uint8)
    spotted[0, 2, 2], spotted[0, 6, 6] = 200, 0
    shown = difference(spotted, flat).astype(int)
    assert shown[2, 2, 0] > 200 > shown[2, 2, 2]
    assert shown[6, 6, 2] > 150 > shown[6, 6, 0]
    assert shown[4, 4].tolist() == GREY


@pytest.mark.parametrize("level", [0.0, 0.1, 7.0])
def test_a_constant_image_can_be_compared(level: float) -> None:
    constant = np.full((1, 10, 10), level)
    assert np.unique(difference(constant, constant + 0.2)).tolist() == [128]


def test_a_sheet_centres_its_pictures_in_rows() -> None:
    small, large = np.full((1, 1, 3), 9, np.uint8), np.full((3, 5, 3), 5, np.uint8)
    shown = sheet([small, large, large], columns=2)
    assert shown.shape == (3 + 2 + 3, 5 + 2 + 5, 3)
    assert shown[1, 2, 0] == 9
    assert shown[5:, 7:].max() == 0


def test_a_sheet_of_one_is_the_picture() -> None:
    only = np.full((2, 3, 3), 5, np.uint8)
    np.testing.assert_array_equal(sheet([only], columns=8), only)


def test_shrunk_keeps_proportions_and_never_grows() -> None:
    assert shrunk(np.zeros((400, 100, 3), np.uint8), 40).shape == (40, 10, 3)
    assert shrunk(np.zeros((30, 10, 3), np.uint8), 40).shape == (30, 10, 3)


def test_a_png_holds_the_picture() -> None:
    shown = np.random.default_rng(0).integers(0, 255, (6, 4, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(io.BytesIO(png(shown)))), shown)


def test_real_volumes_make_a_contact_sheet() -> None:
    paths = sorted(real_data("hippocampus").rglob("*.nii*"))[:3]
    volumes = [np.asarray(nib.as_closest_canonical(nib.load(path)).dataobj)[None] for path in paths]
    shown = contact_sheet(volumes, columns=2, side=100)
    assert shown.shape[1] == 2 * 100 + 2
    assert np.std(shown) > 30
