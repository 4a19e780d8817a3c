"""Where each frame of a DICOM file lies, and how its stored pixels become values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydicom.dataset import Dataset

from doppelscan.images.formats.dicom_header import Header, number, numbers, text
from doppelscan.images.formats.entry import Frame

__all__ = ["frames"]

_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")


def frames(header: Header) -> list[Frame]:
    """What is known of each frame, in the file's order.

    Enhanced files say it by frame in functional groups; an RT dose gives its frames as offsets from the
    first. Of other files with several frames it is not known where they lie.
    """
    dataset = header.dataset
    by_frame = list(dataset.get("PerFrameFunctionalGroupsSequence") or ())
    if len(by_frame) == header.n_frames:
        shared = _item(dataset, "SharedFunctionalGroupsSequence")
        return [_frame(dataset, own, shared) for own in by_frame]
    first = _frame(dataset)
    if header.n_frames == 1:
        return [first]
    return _dose_frames(dataset, first, header.n_frames) or [replace(first, position=None)] * header.n_frames


def _frame(dataset: Dataset, *groups: Dataset) -> Frame:
    plane = _macro(dataset, groups, "PlanePositionSequence")
    turned = _macro(dataset, groups, "PlaneOrientationSequence")
    measures = _macro(dataset, groups, "PixelMeasuresSequence")
    scale = _macro(dataset, groups, "PixelValueTransformationSequence")
    slope = number(scale, "RescaleSlope") or number(dataset, "DoseGridScaling") or 1.0
    return Frame(
        numbers(plane, "ImagePositionPatient", 3),
        numbers(turned, "ImageOrientationPatient", 6),
        _spacing(measures),
        *_seen_as_white(dataset, slope, number(scale, "RescaleIntercept") or 0.0),
    )


def _macro(dataset: Dataset, groups: tuple[Dataset, ...], name: str) -> Dataset:
    """The frame's own functional group of this name, else the shared one, else the file's top level."""
    return next((_item(group, name) for group in groups if group.get(name)), dataset)


def _item(dataset: Dataset, name: str) -> Dataset:
    items = dataset.get(name)
    return items[0] if items else Dataset()


def _spacing(measures: Dataset) -> tuple[float, ...] | None:
    found = (numbers(measures, keyword, 2) for keyword in _SPACINGS)
    return next((spacing for spacing in found if spacing and min(spacing) > 0), None)


def _seen_as_white(dataset: Dataset, slope: float, intercept: float) -> tuple[float, float]:
    """The scale under which large values are bright: MONOCHROME1 is inverted about its stored range."""
    if text(dataset, "PhotometricInterpretation") != "MONOCHROME1":
        return slope, intercept
    bits = number(dataset, "BitsStored") or number(dataset, "BitsAllocated") or 0.0
    ends = -1.0 if dataset.get("PixelRepresentation") == 1 else 2.0**bits - 1  # lowest + highest
    return -slope, intercept + slope * ends


def _dose_frames(dataset: Dataset, first: Frame, n_frames: int) -> list[Frame]:
    offsets = numbers(dataset, "GridFrameOffsetVector", n_frames)
    if offsets is None or first.position is None or first.orientation is None:
        return []
    normal = np.cross(first.orientation[:3], first.orientation[3:])
    steps = np.outer(np.subtract(offsets, offsets[0]), normal) + first.position
    return [replace(first, position=tuple(step)) for step in steps.tolist()]
