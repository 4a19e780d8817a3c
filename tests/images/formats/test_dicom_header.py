"""Elements of a header, whatever state they are in."""

from __future__ import annotations

import pytest

from doppelscan.images.formats.dicom_header import number, numbers, text
from images.formats.made_files import sequence


@pytest.fixture
def dataset():
    (item,) = sequence(PatientID=" P 1 ", RescaleSlope="2.5", ImagePositionPatient=["1", "2", "-3.5"], Rows=7)
    return item


def test_elements_are_read_as_what_they_are(dataset):
    assert text(dataset, "PatientID") == "P 1"
    assert number(dataset, "RescaleSlope") == 2.5
    assert number(dataset, "Rows") == 7.0
    assert numbers(dataset, "ImagePositionPatient", 3) == (1.0, 2.0, -3.5)


def test_what_is_absent_or_of_another_form_is_none(dataset):
    assert text(dataset, "StudyInstanceUID") == ""
    assert number(dataset, "RescaleIntercept") is None
    assert number(dataset, "PatientID") is None
    assert number(dataset, "ImagePositionPatient") is None
    assert numbers(dataset, "ImagePositionPatient", 2) is None
    assert numbers(dataset, "PixelSpacing", 2) is None
    assert numbers(dataset, "Rows", 1) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_none(value):
    (item,) = sequence(GridFrameOffsetVector=[1.0, 2.0], RealWorldValueSlope=value)
    assert number(item, "RealWorldValueSlope") is None
