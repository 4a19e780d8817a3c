"""Where frames lie: their own functional group before the shared one before the file."""

from __future__ import annotations

import numpy as np

from doppelscan.images.formats.dicom_frames import frames
from doppelscan.images.formats.dicom_header import open_header
from images.formats.made_files import dicom, sequence

PIXELS = np.zeros((2, 4, 5), np.uint8)
SHARED = sequence(
    PlanePositionSequence=sequence(ImagePositionPatient=[0.0, 0, 0]),
    PlaneOrientationSequence=sequence(ImageOrientationPatient=[1.0, 0, 0, 0, 1, 0]),
    PixelMeasuresSequence=sequence(PixelSpacing=[2.0, 1.0]),
)


def test_a_frames_own_group_comes_before_the_shared_one_and_that_before_the_file(tmp_path):
    own = [sequence(PlanePositionSequence=sequence(ImagePositionPatient=[0.0, 0, 5]))[0], sequence()[0]]
    path = dicom(
        tmp_path / "a.dcm",
        PIXELS,
        NumberOfFrames=2,
        RescaleSlope=3,
        PerFrameFunctionalGroupsSequence=own,
        SharedFunctionalGroupsSequence=SHARED,
    )
    first, second = frames(open_header(path))
    assert (first.position, second.position) == ((0.0, 0.0, 5.0), (0.0, 0.0, 0.0))
    assert (first.orientation, first.spacing_mm) == ((1.0, 0, 0, 0, 1, 0), (2.0, 1.0))
    assert (first.slope, second.slope) == (3.0, 3.0)


def test_groups_that_do_not_fit_the_number_of_frames_say_nothing(tmp_path):
    path = dicom(tmp_path / "a.dcm", PIXELS, NumberOfFrames=2, PerFrameFunctionalGroupsSequence=SHARED)
    assert [frame.position for frame in frames(open_header(path))] == [None, None]


def test_one_position_for_a_whole_cine_is_the_position_of_no_frame(tmp_path):
    elements = {"ImagePositionPatient": [0.0, 0, 1], "ImageOrientationPatient": [1.0, 0, 0, 0, 1, 0]}
    path = dicom(tmp_path / "a.dcm", PIXELS, NumberOfFrames=2, **elements)
    assert [frame.position for frame in frames(open_header(path))] == [None, None]


def test_a_slope_of_zero_is_taken_for_none(tmp_path):
    path = dicom(tmp_path / "a.dcm", PIXELS[0], RescaleSlope=0, RescaleIntercept=4)
    (frame,) = frames(open_header(path))
    assert (frame.slope, frame.intercept) == (1.0, 4.0)
