"""Every file of pydicom's own test data: read as pydicom reads it, or refused with the right reason."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_color_lut, pixel_array

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import Entry, entries, read
from realdata import real_data

KNOWN_REFUSALS = {
    "JPEG-lossy.dcm": "12-bit",
    "JPGExtended.dcm": "12-bit",
    "JPEG2000-embedded-sequence-delimiter.dcm": "damaged",
    "MR_truncated.dcm": "truncated",
    "badVR.dcm": "'1A'",
    "emri_small_jpeg_2k_lossless_too_short.dcm": "truncated",
    "liver_deflate.dcm": "transfer syntax",
    "liver_nonbyte_aligned_deflate.dcm": "transfer syntax",
    "liver_rle.dcm": "RLE",
    "liver_nonbyte_aligned_rle.dcm": "RLE",
    "no_meta.dcm": "no DICOM header",
}


def all_files() -> list[Path]:
    return [path for path in sorted(real_data("dicom_robustness").rglob("*")) if path.is_file()]


def as_pydicom_reads_it(path: Path) -> np.ndarray | None:
    """(n, c, rows, columns) by pydicom alone; None where it reads none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, force=True)
            pixels = pixel_array(dataset)
        except Exception:  # noqa: BLE001
            return None
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            pixels = apply_color_lut(pixels, dataset)
        coloured = (
            pixels.ndim > 2 and pixels.shape[-1] == 3 and dataset.PhotometricInterpretation[:4] != "MONO"
        )
        pixels = pixels if coloured else pixels[..., None]
        return np.moveaxis(pixels.reshape(-1, *pixels.shape[-3:]), -1, 1)


def as_we_read_it(found: list[Entry]) -> np.ndarray:
    """The same, from the entries of one file; a volume is turned back into its frames."""
    images = [read(entry) for entry in found]
    if images[0].stored.ndim == 3:
        return np.stack([image.stored for image in images])
    (volume,) = (
        images  # all that this data holds as volumes lie axially, first row at the front, first column right
    )
    return volume.stored[:, ::-1, ::-1].transpose(3, 0, 2, 1)


def why_refused(path: Path) -> str | None:
    """The reason; None where every image of the file is read."""
    try:
        for entry in entries(path):
            assert read(entry).stored.shape == entry.shape
    except UnreadableImage as error:
        return error.reason
    return None


def test_no_file_is_refused_that_pydicom_reads_and_none_without_a_reason():
    reasons = {path: why_refused(path) for path in all_files()}
    refused = {path: reason for path, reason in reasons.items() if reason is not None}
    assert all(refused.values())
    assert [path.name for path in refused if as_pydicom_reads_it(path) is not None] == []
    assert (len(reasons), len(refused)) == (236, 93)


def test_all_that_is_read_equals_what_pydicom_reads():
    n_equal = 0
    for path in all_files():
        expected = as_pydicom_reads_it(path)
        if expected is not None:
            np.testing.assert_array_equal(as_we_read_it(entries(path)), expected, err_msg=path.name)
            n_equal += 1
    assert n_equal == 142  # and one more, without a transfer syntax, that only we read


def test_known_files_are_refused_for_what_is_wrong_with_them():
    by_name = {path.name: path for path in all_files()}
    for name, word in KNOWN_REFUSALS.items():
        with pytest.raises(UnreadableImage) as error:
            [read(entry) for entry in entries(by_name[name])]
        assert word in error.value.reason, name


def test_what_has_no_pixels_is_called_what_it_is():
    by_name = {path.name: path for path in all_files()}
    kinds = {
        "DICOMDIR": "DICOMDIR",
        "rtstruct.dcm": "RT Structure Set",
        "rtplan.dcm": "RT Plan",
        "test-SR.dcm": "Comprehensive SR",
        "waveform_ecg.dcm": "ECG Waveform",
        "README.txt": "not an image: .txt",
        "test1.json": "not an image: .json",
    }
    for name, word in kinds.items():
        with pytest.raises(UnreadableImage, match=word):
            entries(by_name[name])


def test_a_film_in_monochrome1_is_bright_where_little_was_absorbed():
    path = next(path for path in all_files() if path.name == "RG3_J2KI.dcm")
    image = read(entries(path)[0])
    np.testing.assert_allclose(image.pixels, 1023.0 - image.stored)
