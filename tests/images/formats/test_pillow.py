"""PNG, JPEG and BMP of every mode, written here and read back."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from doppelscan.errors import UnreadableImage
from doppelscan.images import Image
from doppelscan.images.formats import entries, read
from images.formats.made_files import chunk, exif, png

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (5, 7), dtype=np.uint8)
RGB = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
OPACITY = np.full((5, 7), 255, np.uint8)
OPACITY[1, 2], OPACITY[3, 3] = 0, 51


def only(path: Path) -> Image:
    (entry,) = entries(path)
    return read(entry)


@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_grey_stays_one_channel(tmp_path, suffix):
    PIL.Image.fromarray(GREY).save(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(only(tmp_path / f"a.{suffix}").stored, GREY[None])


@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_colours_become_three_channels(tmp_path, suffix):
    PIL.Image.fromarray(RGB).save(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(only(tmp_path / f"a.{suffix}").stored, RGB.transpose(2, 0, 1))


def test_one_bit_becomes_black_and_white(tmp_path):
    PIL.Image.fromarray(GREY > 99).save(tmp_path / "a.png")
    np.testing.assert_array_equal(only(tmp_path / "a.png").stored[0], np.where(GREY > 99, 255, 0))


def test_a_palette_becomes_the_colours_that_it_names(tmp_path):
    colours = np.array([[10, 20, 30], [200, 0, 9], [0, 0, 0], [255, 255, 255]], np.uint8)
    indexed = PIL.Image.frombytes("P", (7, 5), (GREY % 4).tobytes())
    indexed.putpalette(colours.ravel().tolist())
    indexed.save(tmp_path / "a.png")
    np.testing.assert_array_equal(only(tmp_path / "a.png").stored, colours[GREY % 4].transpose(2, 0, 1))


def test_a_transparent_colour_of_a_palette_becomes_black(tmp_path):
    indexed = PIL.Image.frombytes("P", (7, 5), (GREY % 4).tobytes())
    indexed.putpalette([9, 9, 9] * 4)
    indexed.save(tmp_path / "a.png", transparency=2)
    np.testing.assert_array_equal(only(tmp_path / "a.png").stored[1], np.where(GREY % 4 == 2, 0, 9))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_opacity_is_dropped_where_all_is_opaque(tmp_path, dtype, channels):
    samples = RNG.integers(0, np.iinfo(dtype).max, (5, 7, channels), dtype=dtype)
    opaque = np.full((5, 7, 1), np.iinfo(dtype).max, dtype)
    png(tmp_path / "a.png", np.concatenate([samples, opaque], axis=-1))
    np.testing.assert_array_equal(only(tmp_path / "a.png").stored, samples.transpose(2, 0, 1))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_transparent_lies_on_black(tmp_path, dtype, channels):
    scale = np.iinfo(dtype).max // 255
    samples = RNG.integers(0, np.iinfo(dtype).max, (5, 7, channels), dtype=dtype)
    png(tmp_path / "a.png", np.concatenate([samples, OPACITY[..., None].astype(dtype) * scale], axis=-1))
    expected = np.rint(samples * (OPACITY[..., None] / 255.0))
    np.testing.assert_array_equal(only(tmp_path / "a.png").stored, expected.transpose(2, 0, 1))


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_are_not_narrowed(tmp_path, channels):
    samples = RNG.integers(0, 65536, (5, 7, channels), dtype=np.uint16)
    png(tmp_path / "a.png", samples)
    image = only(tmp_path / "a.png")
    assert image.stored.dtype == np.uint16
    np.testing.assert_array_equal(image.stored, samples.transpose(2, 0, 1))


def test_a_grey_jpeg_has_one_channel_and_a_cmyk_one_three(tmp_path):
    flat = np.full((16, 24), 90, np.uint8)
    PIL.Image.fromarray(flat).save(tmp_path / "grey.jpg")
    PIL.Image.merge(
        "CMYK", [PIL.Image.fromarray(plane) for plane in (flat, flat * 0, flat * 0, flat * 0)]
    ).save(tmp_path / "cmyk.jpg", quality=100)
    np.testing.assert_array_equal(only(tmp_path / "grey.jpg").stored, flat[None])
    cyan = only(tmp_path / "cmyk.jpg").stored.astype(int)
    assert cyan.shape == (3, 16, 24)
    assert np.abs(cyan - np.array([165, 255, 255])[:, None, None]).max() <= 2


def seen(samples: np.ndarray, orientation: int) -> np.ndarray:
    """EXIF's eight orientations, pixel by pixel: row and column 0 of the file lie on the sides named."""
    rows, columns = samples.shape[:2]
    turned = orientation > 4
    result = np.empty((columns, rows) if turned else (rows, columns), samples.dtype)
    for r in range(rows):
        for c in range(columns):
            place = {
                1: (r, c),
                2: (r, columns - 1 - c),
                3: (rows - 1 - r, columns - 1 - c),
                4: (rows - 1 - r, c),
                5: (c, r),
                6: (c, rows - 1 - r),
                7: (columns - 1 - c, rows - 1 - r),
                8: (columns - 1 - c, r),
            }[orientation]
            result[place] = samples[r, c]
    return result


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_to_png_and_to_its_header(tmp_path, orientation):
    for dtype in (np.uint8, np.uint16):
        samples = np.arange(35, dtype=dtype).reshape(5, 7)
        png(tmp_path / "a.png", samples[..., None], chunks=chunk(b"eXIf", exif(orientation)))
        expected = seen(samples, orientation)
        assert entries(tmp_path / "a.png")[0].shape == (1, *expected.shape)
        np.testing.assert_array_equal(only(tmp_path / "a.png").stored[0], expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_to_jpeg(tmp_path, orientation):
    samples = np.kron(np.arange(0, 240, 40, dtype=np.uint8).reshape(2, 3), np.ones((8, 8), np.uint8))
    tags = PIL.Image.Exif()
    tags[0x0112] = orientation
    PIL.Image.fromarray(samples).save(tmp_path / "a.jpg", quality=100, exif=tags)
    np.testing.assert_allclose(only(tmp_path / "a.jpg").stored[0], seen(samples, orientation), atol=1)


def test_damaged_exif_does_not_cost_the_picture(tmp_path):
    png(tmp_path / "a.png", GREY[..., None], chunks=chunk(b"eXIf", b"II*\0\xff\xff\xff\xff"))
    np.testing.assert_array_equal(only(tmp_path / "a.png").stored[0], GREY)


def test_a_decompression_bomb_is_refused_by_its_header(tmp_path):
    png(tmp_path / "a.png", GREY[..., None], size=(65_535, 65_535))
    with pytest.raises(UnreadableImage, match="too large"):
        entries(tmp_path / "a.png")


def test_a_very_wide_picture_is_read_as_long_as_it_is_thin(tmp_path):
    line = np.arange(65_535, dtype=np.uint16)[None, :, None]
    png(tmp_path / "a.png", line)
    np.testing.assert_array_equal(only(tmp_path / "a.png").stored, line.transpose(2, 0, 1))


def test_a_picture_of_one_pixel_is_read(tmp_path):
    PIL.Image.fromarray(GREY[:1, :1]).save(tmp_path / "a.png")
    assert only(tmp_path / "a.png").stored.tolist() == [[[int(GREY[0, 0])]]]


def test_an_animation_is_refused(tmp_path):
    first, second = PIL.Image.fromarray(GREY), PIL.Image.fromarray(255 - GREY)
    first.save(tmp_path / "a.png", save_all=True, append_images=[second])
    with pytest.raises(UnreadableImage, match="animation"):
        entries(tmp_path / "a.png")


def test_a_checksum_that_fails_is_refused(tmp_path):
    for dtype in (np.uint8, np.uint16):
        png(tmp_path / "a.png", RNG.integers(0, 255, (40, 40, 3)).astype(dtype))
        content = bytearray((tmp_path / "a.png").read_bytes())
        content[len(content) // 2] ^= 255
        (tmp_path / "a.png").write_bytes(content)
        with pytest.raises(UnreadableImage):
            only(tmp_path / "a.png")


def test_a_header_of_no_pixels_is_refused(tmp_path):
    path = png(tmp_path / "a.png", GREY[..., None])
    content = path.read_bytes()
    path.write_bytes(content[:16] + struct.pack(">I", 0) + content[20:])
    with pytest.raises(UnreadableImage):
        entries(path)
