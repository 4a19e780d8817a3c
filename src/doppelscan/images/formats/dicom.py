"""Which images a DICOM file or series holds, and the pixels of each."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from doppelscan.images.formats import limits, stack
from doppelscan.images.formats.dicom_frames import frames
from doppelscan.images.formats.dicom_header import Header, number, open_header, text
from doppelscan.images.formats.dicom_pixels import planes
from doppelscan.images.formats.entry import Entry, Frame, SliceOf
from doppelscan.images.formats.stamps import Stamp, stamp
from doppelscan.images.image import Image

__all__ = ["entries", "read"]

_ORDER = ("TemporalPositionIdentifier", "TriggerTime", "EchoTime", "AcquisitionNumber", "InstanceNumber")


def entries(path: Path, part: str | None = None) -> list[Entry]:
    """The images of the file: one volume if its frames lie apart and parallel, else one a frame.

    A single frame is a slice, with what `series.assemble` needs to join it with others.
    """
    header, found = _opened(path, stamp(path))
    if (order := stack.upwards(found)) is not None:
        found = [found[k] for k in order]
        shape, dtype = stack.joined_shape(header.shape, found), stack.joined_dtype(header.dtype, found)
        return [_entry(path, header, shape=shape, dtype=dtype)]
    if header.n_frames > 1:
        return [_entry(path, header, frame=k) for k in range(header.n_frames)]
    return [_entry(path, header, series=_slice_of(header, found[0]))]


def read(entry: Entry) -> Image:
    """The pixels as stored; their scale, and the inversion of MONOCHROME1, are slope and intercept."""
    if entry.slices:
        return _read_series(entry)
    path = Path(entry.file)
    header, found = _opened(path, stamp(path))
    limits.check_shape(header.shape)
    if (order := stack.upwards(found)) is not None:
        return stack.join(planes(path, header)[order], [found[k] for k in order])
    k = entry.frame or 0
    return Image(planes(path, header, k)[0], found[k].spacing_mm, found[k].slope, found[k].intercept)


@lru_cache(maxsize=2)
def _opened(path: Path, _stamp: Stamp) -> tuple[Header, list[Frame]]:
    header = open_header(path)
    limits.check_count(header.n_frames)
    return header, frames(header)


def _read_series(entry: Entry) -> Image:
    stored, found = [], []
    for file in map(Path, entry.slices):
        header = open_header(file)
        stored.append(planes(file, header, 0)[0])
        found.extend(frames(header))
    return stack.join(np.stack(stored), found)


def _entry(
    path: Path,
    header: Header,
    *,
    frame: int | None = None,
    shape: tuple[int, ...] | None = None,
    dtype: str | None = None,
    series: SliceOf | None = None,
) -> Entry:
    return Entry(
        str(path),
        frame,
        shape or header.shape,
        dtype or header.dtype,
        patient=header.patient,
        study=header.study,
        series=series,
    )


def _slice_of(header: Header, frame: Frame) -> SliceOf | None:
    """Of which series this is a slice; None where the header does not say where it lies."""
    dataset = header.dataset
    uid = text(dataset, "SeriesInstanceUID")
    if not uid or stack.height_mm(frame) is None:
        return None
    order = tuple(number(dataset, keyword) or 0.0 for keyword in _ORDER)
    return SliceOf(uid, text(dataset, "SOPInstanceUID"), (text(dataset, "ImageType"), *order), frame)
