"""DICOM files of every kind of pixel, written here and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from doppelscan.errors import UnreadableImage
from doppelscan.images import Image
from doppelscan.images.formats import entries, read
from images.formats.made_files import dicom, sequence

RNG = np.random.default_rng(5)
AXIAL = [1.0, 0, 0, 0, 1, 0]


def only(path: Path) -> Image:
    (entry,) = entries(path)
    return read(entry)


def drawn(dtype: type, *shape: int) -> np.ndarray:
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max, shape or (5, 7), dtype=dtype, endpoint=True)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_every_type_of_number_is_kept_in_the_machines_order(tmp_path, syntax, dtype):
    pixels = drawn(dtype)
    image = only(dicom(tmp_path / "a.dcm", pixels, syntax=syntax))
    assert image.stored.dtype == dtype
    np.testing.assert_array_equal(image.stored, pixels[None])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floating_pixels_are_kept(tmp_path, dtype):
    pixels = RNG.normal(size=(5, 7)).astype(dtype)
    image = only(dicom(tmp_path / "a.dcm", pixels))
    assert image.stored.dtype == dtype
    np.testing.assert_array_equal(image.stored[0], pixels)


def test_colours_become_three_channels(tmp_path):
    pixels = drawn(np.uint8, 5, 7, 3)
    np.testing.assert_array_equal(only(dicom(tmp_path / "a.dcm", pixels)).stored, pixels.transpose(2, 0, 1))


def test_ybr_becomes_rgb(tmp_path):
    grey = np.dstack([drawn(np.uint8), np.full((5, 7, 2), 128, np.uint8)])  # without colour
    image = only(dicom(tmp_path / "a.dcm", grey, PhotometricInterpretation="YBR_FULL"))
    np.testing.assert_array_equal(image.stored, np.repeat(grey[None, ..., 0], 3, axis=0))


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_becomes_the_colours_that_it_names(tmp_path, bits):
    pixels = drawn(np.uint8) % 4
    tables = {name: drawn(np.uint8 if bits == 8 else np.uint16, 4) for name in ("Red", "Green", "Blue")}
    elements = {f"{name}PaletteColorLookupTableDescriptor": [4, 0, bits] for name in tables}
    data = {f"{name}PaletteColorLookupTableData": table.tobytes() for name, table in tables.items()}
    path = dicom(tmp_path / "a.dcm", pixels, PhotometricInterpretation="PALETTE COLOR", **elements, **data)
    expected = np.stack([table[pixels] for table in tables.values()])
    np.testing.assert_array_equal(only(path).stored, expected)


def test_a_palette_without_its_table_is_refused(tmp_path):
    with pytest.raises(UnreadableImage, match="table of its colours"):
        entries(dicom(tmp_path / "a.dcm", drawn(np.uint8), PhotometricInterpretation="PALETTE COLOR"))


def test_rescaling_is_kept_beside_the_stored_pixels(tmp_path):
    pixels = drawn(np.int16)
    image = only(dicom(tmp_path / "a.dcm", pixels, RescaleSlope=2.5, RescaleIntercept=-1024))
    np.testing.assert_array_equal(image.stored[0], pixels)
    np.testing.assert_allclose(image.pixels[0], pixels * 2.5 - 1024)


@pytest.mark.parametrize(
    ("dtype", "bits", "ends"), [(np.uint16, 12, 4095), (np.uint8, 8, 255), (np.int16, 16, -1)]
)
def test_monochrome1_is_inverted_about_its_stored_range_then_rescaled(tmp_path, dtype, bits, ends):
    pixels = drawn(dtype) // 2 ** (16 - bits) if bits == 12 else drawn(dtype)
    elements = {"BitsStored": bits, "HighBit": bits - 1, "RescaleSlope": 2, "RescaleIntercept": 10}
    path = dicom(tmp_path / "a.dcm", pixels, PhotometricInterpretation="MONOCHROME1", **elements)
    image = only(path)
    np.testing.assert_array_equal(image.stored[0], pixels)
    np.testing.assert_allclose(image.pixels[0], 2.0 * (ends - pixels.astype(float)) + 10)


def test_patient_and_study_come_from_the_header(tmp_path):
    path = dicom(tmp_path / "a.dcm", drawn(np.uint8), PatientID=" P 7 ", StudyInstanceUID="1.2.9")
    (entry,) = entries(path)
    assert (entry.patient, entry.study) == ("P 7", "1.2.9")


@pytest.mark.parametrize("name", [None, "", "  ", "ANON", "Anonymous", "anonymized", "UNKNOWN"])
def test_a_name_that_many_patients_share_is_unknown(tmp_path, name):
    (entry,) = entries(dicom(tmp_path / "a.dcm", drawn(np.uint8), PatientID=name))
    assert entry.patient is None


@pytest.mark.parametrize("name", ["PixelSpacing", "ImagerPixelSpacing"])
def test_spacing_is_rows_then_columns(tmp_path, name):
    assert only(dicom(tmp_path / "a.dcm", drawn(np.uint8), **{name: [0.5, 0.25]})).spacing_mm == (0.5, 0.25)


def test_spacing_of_zero_is_unknown(tmp_path):
    assert only(dicom(tmp_path / "a.dcm", drawn(np.uint8), PixelSpacing=[0, 0.25])).spacing_mm is None


def test_frames_that_lie_nowhere_are_images_of_their_own(tmp_path):
    frames = drawn(np.uint8, 4, 5, 7)
    found = entries(dicom(tmp_path / "a.dcm", frames, NumberOfFrames=4))
    assert [entry.frame for entry in found] == [0, 1, 2, 3]
    np.testing.assert_array_equal([read(entry).stored[0] for entry in found], frames)


def enhanced(path: Path, frames: np.ndarray, heights: list[float], scales: list[tuple[float, float]]) -> Path:
    """An enhanced file whose functional groups say where each frame lies and how it is scaled."""
    by_frame = [
        sequence(
            PlanePositionSequence=sequence(ImagePositionPatient=[-10.0, -20.0, height]),
            PixelValueTransformationSequence=sequence(RescaleSlope=slope, RescaleIntercept=intercept),
        )[0]
        for height, (slope, intercept) in zip(heights, scales, strict=True)
    ]
    shared = sequence(
        PlaneOrientationSequence=sequence(ImageOrientationPatient=AXIAL),
        PixelMeasuresSequence=sequence(PixelSpacing=[0.5, 0.25]),
    )
    return dicom(
        path,
        frames,
        NumberOfFrames=len(frames),
        PerFrameFunctionalGroupsSequence=by_frame,
        SharedFunctionalGroupsSequence=shared,
    )


def test_frames_that_lie_apart_are_one_volume_whatever_their_order(tmp_path):
    frames = drawn(np.int16, 3, 5, 7)
    path = enhanced(tmp_path / "a.dcm", frames, [9.0, 3.0, 6.0], [(2.0, 1.0)] * 3)
    image = only(path)
    upwards = frames[[1, 2, 0]]
    np.testing.assert_array_equal(image.stored[0], upwards.transpose(2, 1, 0)[::-1, ::-1])
    assert image.spacing_mm == (0.25, 0.5, 3.0)
    assert (image.slope, image.intercept) == (2.0, 1.0)


def test_frames_with_scales_of_their_own_become_values(tmp_path):
    frames = drawn(np.int16, 2, 5, 7)
    path = enhanced(tmp_path / "a.dcm", frames, [0.0, 1.0], [(2.0, 1.0), (3.0, -5.0)])
    image = only(path)
    assert (image.stored.dtype, image.slope, image.intercept) == (np.float32, 1.0, 0.0)
    values = np.stack([frames[0] * 2.0 + 1, frames[1] * 3.0 - 5])
    np.testing.assert_allclose(image.stored[0], values.transpose(2, 1, 0)[::-1, ::-1], rtol=1e-6)


def test_frames_that_share_a_place_are_images_of_their_own(tmp_path):
    frames = drawn(np.int16, 4, 5, 7)
    scales = [(1.0, 0.0), (2.0, 5.0), (1.0, 0.0), (1.0, 0.0)]
    found = entries(enhanced(tmp_path / "a.dcm", frames, [0.0, 1.0, 0.0, 1.0], scales))
    assert [entry.frame for entry in found] == [0, 1, 2, 3]
    second = read(found[1])
    np.testing.assert_array_equal(second.stored[0], frames[1])
    assert (second.slope, second.intercept, second.spacing_mm) == (2.0, 5.0, (0.5, 0.25))


def test_a_dose_becomes_a_volume_of_gray(tmp_path):
    frames = drawn(np.uint32, 3, 5, 7)
    path = dicom(
        tmp_path / "a.dcm",
        frames,
        NumberOfFrames=3,
        GridFrameOffsetVector=[0.0, 4.0, 8.0],
        DoseGridScaling=1e-6,
        ImagePositionPatient=[0.0, 0, 100],
        ImageOrientationPatient=AXIAL,
        PixelSpacing=[2.0, 2.0],
    )
    image = only(path)
    np.testing.assert_array_equal(image.stored[0], frames.transpose(2, 1, 0)[::-1, ::-1])
    assert (image.spacing_mm, image.slope) == ((2.0, 2.0, 4.0), 1e-6)


def test_a_file_without_preamble_is_read_whatever_its_name(tmp_path):
    pixels = drawn(np.int16)
    content = dicom(tmp_path / "a.dcm", pixels, syntax=ImplicitVRLittleEndian).read_bytes()
    dataset = content[content.index(b"\x08\0\x16\0", 200) :]  # from the SOP class on: no preamble, no meta
    for name in ("b.dcm", "b", "1.2.840.113619"):
        (tmp_path / name).write_bytes(dataset)
        np.testing.assert_array_equal(only(tmp_path / name).stored[0], pixels)


def test_no_pixels_are_refused_by_the_name_of_what_it_is(tmp_path):
    path = dicom(tmp_path / "a.dcm", drawn(np.uint8), SOPClassUID="1.2.840.10008.5.1.4.1.1.481.3")
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"\xe0\x7f\x10\0")])
    with pytest.raises(UnreadableImage, match="without pixels: RT Structure Set Storage"):
        entries(path)


def test_a_truncated_file_is_refused_from_its_header(tmp_path):
    path = dicom(tmp_path / "a.dcm", drawn(np.uint8, 50, 70))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(UnreadableImage, match="truncated: 2,500 of 3,500 bytes"):
        entries(path)


def test_a_monstrous_number_of_frames_is_refused(tmp_path):
    with pytest.raises(UnreadableImage, match="1,000,000,000 frames"):
        entries(dicom(tmp_path / "a.dcm", drawn(np.uint8), NumberOfFrames=10**9))


def test_four_samples_a_pixel_are_refused(tmp_path):
    with pytest.raises(UnreadableImage, match="4 samples"):
        entries(
            dicom(tmp_path / "a.dcm", drawn(np.uint8), SamplesPerPixel=4, PhotometricInterpretation="CMYK")
        )
