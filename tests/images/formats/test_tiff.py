"""TIFF pages of every type of number, written byte for byte and read back."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from doppelscan.errors import UnreadableImage
from doppelscan.images import Image
from doppelscan.images.formats import entries, read
from images.formats.made_files import tiff, tiled_tiff

RNG = np.random.default_rng(1)
INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32]


def only(path: Path) -> Image:
    (entry,) = entries(path)
    return read(entry)


def drawn(dtype: type, channels: int) -> np.ndarray:
    if np.dtype(dtype).kind == "f":
        return RNG.normal(size=(5, 7, channels)).astype(dtype)
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max, (5, 7, channels), dtype=dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [*INTEGERS, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_type_of_number_is_kept(tmp_path, dtype, channels):
    samples = drawn(dtype, channels)
    image = only(tiff(tmp_path / "a.tif", samples))
    assert image.stored.dtype == dtype
    np.testing.assert_array_equal(image.pixels, samples.transpose(2, 0, 1))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_where_white_is_zero_the_values_are_inverted(tmp_path, dtype):
    samples = drawn(dtype, 1)
    image = only(tiff(tmp_path / "a.tif", samples, photometric=0))
    expected = np.iinfo(dtype).max - samples.astype(np.float64)
    np.testing.assert_allclose(
        image.pixels[0], expected[..., 0], rtol=1e-6, atol=300 if dtype == np.uint32 else 0
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("opacity", [0, 1, 2])
def test_only_opacity_that_is_not_multiplied_in_is_composited_on_black(tmp_path, dtype, opacity):
    samples = drawn(dtype, 4)
    samples[..., :3] = np.minimum(samples[..., :3], samples[..., 3:])
    share = samples[..., 3:] / np.iinfo(dtype).max if opacity == 2 else 1
    expected = np.rint(samples[..., :3] * share).transpose(2, 0, 1)
    rounding = 1 if (dtype, opacity) == (np.uint8, 1) else 0  # Pillow divides by the opacity first
    image = only(tiff(tmp_path / "a.tif", samples, opacity=opacity))
    np.testing.assert_allclose(image.stored.astype(int), expected, atol=rounding)


@pytest.mark.parametrize("orientation", [1, 2, 3, 4])
def test_orientation_is_applied_whatever_the_depth(tmp_path, orientation):
    for dtype in (np.uint8, np.uint16):
        samples = np.arange(35, dtype=dtype).reshape(5, 7, 1)
        rows, columns = (-1 if orientation in (3, 4) else 1), (-1 if orientation in (2, 3) else 1)
        image = only(tiff(tmp_path / "a.tif", samples, orientation=orientation))
        np.testing.assert_array_equal(image.stored[0], samples[::rows, ::columns, 0])


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_page_on_its_side_is_turned_by_us_since_its_decoders_garble_it(
    tmp_path, orientation, dtype, channels
):
    samples = drawn(dtype, channels)
    image = only(tiff(tmp_path / "a.tif", samples, orientation=orientation))
    rows, columns = samples.shape[:2]
    assert image.space == (columns, rows)
    for row in range(rows):
        for column in range(columns):  # EXIF: where the first row and the first column are to be seen
            y = columns - 1 - column if orientation in {7, 8} else column
            x = rows - 1 - row if orientation in {6, 7} else row
            np.testing.assert_array_equal(image.stored[:, y, x], samples[row, column])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_each_page_is_an_image(tmp_path, dtype):
    pages = RNG.integers(0, 255, (3, 5, 7)).astype(dtype)
    cv2.imwritemulti(str(tmp_path / "a.tif"), list(pages))
    found = entries(tmp_path / "a.tif")
    assert [entry.frame for entry in found] == [0, 1, 2]
    np.testing.assert_array_equal([read(entry).stored[0] for entry in found], pages)


def test_a_smaller_version_of_a_page_is_no_image_of_its_own(tmp_path):
    assert only(tiff(tmp_path / "a.tif", drawn(np.uint8, 1))).space == (5, 7)
    with pytest.raises(UnreadableImage, match="0 images"):
        entries(tiff(tmp_path / "b.tif", drawn(np.uint8, 1), subfile=1))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_packed_pages_are_read(tmp_path, compression):
    samples = drawn(np.uint8, 3)
    PIL.Image.fromarray(samples).save(tmp_path / "a.tiff", compression=compression)
    np.testing.assert_array_equal(only(tmp_path / "a.tiff").stored, samples.transpose(2, 0, 1))


def test_complex_samples_are_refused(tmp_path):
    with pytest.raises(UnreadableImage, match="not read"):
        entries(tiff(tmp_path / "a.tif", drawn(np.float64, 1).astype(np.complex64)))


def test_two_wide_samples_a_pixel_are_refused_rather_than_misread(tmp_path):
    with pytest.raises(UnreadableImage):
        only(tiff(tmp_path / "a.tif", drawn(np.uint16, 2)))


def test_directories_that_run_in_a_circle_end(tmp_path):
    path = tiff(tmp_path / "a.tif", drawn(np.uint8, 1))
    content = bytearray(path.read_bytes())
    directory = int.from_bytes(content[4:8], "little")
    n_fields = int.from_bytes(content[directory : directory + 2], "little")
    behind = directory + 2 + 12 * n_fields
    content[behind : behind + 4] = directory.to_bytes(4, "little")
    path.write_bytes(content)
    assert len(entries(path)) == 1


def test_wide_colours_in_planes_of_their_own_are_refused_rather_than_misread(tmp_path):
    with pytest.raises(UnreadableImage, match="planes of their own"):
        entries(tiff(tmp_path / "a.tif", drawn(np.uint16, 3), planar=2))


def test_a_stack_that_only_imagej_knows_the_end_of_is_refused(tmp_path):
    path = tiff(tmp_path / "a.tif", drawn(np.uint16, 1), description=b"ImageJ=1.53\nimages=40\nslices=40\n")
    with pytest.raises(UnreadableImage, match="39 of its 40 images"):
        entries(path)
    tiff(path, drawn(np.uint16, 1), description=b"ImageJ=1.53\nimages=1\n")
    assert len(entries(path)) == 1


def test_tiles_are_held_to_the_limit_on_pixels(tmp_path):
    with pytest.raises(UnreadableImage, match="too large"):
        entries(tiff(tmp_path / "a.tif", drawn(np.uint8, 1), tile_width=2**20, tile_height=2**20))


def test_what_an_old_page_calls_a_smaller_version_is_no_image(tmp_path):
    with pytest.raises(UnreadableImage, match="0 images"):
        entries(tiff(tmp_path / "b.tif", drawn(np.uint8, 1), old_subfile=2))


TILED = [
    (np.uint8, 1),
    (np.uint8, 3),
    (np.uint16, 1),
    (np.uint16, 3),
    (np.int16, 1),
    (np.float32, 1),
    (np.float64, 1),
]


@pytest.mark.parametrize(("dtype", "channels"), TILED)
@pytest.mark.parametrize("big", [False, True], ids=["TIFF", "BigTIFF"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "deflate"])
def test_tiles_are_read(tmp_path, dtype, channels, big, packed):
    samples = RNG.integers(0, 200, (40, 50, channels)).astype(dtype)
    image = only(tiled_tiff(tmp_path / "a.tif", samples, tile=(16, 32), big=big, packed=packed))
    np.testing.assert_array_equal(image.stored, samples.transpose(2, 0, 1))
