"""Packed frames, written by pydicom's own encoders and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import entries, read
from images.formats.made_files import dicom

RNG = np.random.default_rng(10)


def packed(path: Path, pixels: np.ndarray, syntax: str, **elements: object) -> Path:
    dicom(path, pixels, **elements)
    dataset = pydicom.dcmread(path)
    dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(path)
    return path


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
def test_packed_pixels_are_read_exactly(tmp_path, syntax, dtype):
    pixels = RNG.integers(0, np.iinfo(dtype).max, (40, 50), dtype=dtype)
    (entry,) = entries(packed(tmp_path / "a.dcm", pixels, syntax))
    np.testing.assert_array_equal(read(entry).stored[0], pixels)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_each_packed_frame_is_read_exactly(tmp_path, syntax):
    frames = RNG.integers(0, 4096, (3, 40, 50), dtype=np.uint16)
    found = entries(packed(tmp_path / "a.dcm", frames, syntax, NumberOfFrames=3, BitsStored=12, HighBit=11))
    np.testing.assert_array_equal([read(entry).stored[0] for entry in reversed(found)], frames[::-1])


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_a_packed_frame_that_ends_too_early_is_refused(tmp_path, syntax):
    path = packed(tmp_path / "a.dcm", RNG.integers(0, 99, (40, 50), dtype=np.uint8), syntax)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(UnreadableImage, match="truncated"):
        entries(path)


def test_a_damaged_frame_is_refused_by_the_name_of_its_packing(tmp_path):
    path = packed(tmp_path / "a.dcm", RNG.integers(0, 99, (40, 50), dtype=np.uint8), JPEG2000Lossless)
    path.write_bytes(path.read_bytes().replace(b"\xff\x4f\xff\x51", b"\0\0\0\0"))
    with pytest.raises(UnreadableImage, match="damaged, or not decoded: JPEG 2000"):
        read(entries(path)[0])
