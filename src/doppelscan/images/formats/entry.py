"""What is known of one image before its pixels are decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Entry", "Frame", "SliceOf"]


@dataclass(frozen=True)
class Frame:
    """Where one frame of a DICOM file lies and how its stored pixels become values.

    `position` (of the first pixel) and `orientation` (along a row, down a column) are DICOM's: in mm
    towards left, posterior, superior; None where unknown. `spacing_mm` is (rows, columns). A value is
    slope * stored + intercept.
    """

    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing_mm: tuple[float, ...] | None
    slope: float
    intercept: float


@dataclass(frozen=True)
class SliceOf:
    """Of which series a DICOM slice is: all that joining it with its neighbours needs.

    `order` tells slices of one position apart: image type, then time, echo, acquisition, instance.
    """

    series: str
    instance: str
    order: tuple[str | float, ...]
    frame: Frame


@dataclass(frozen=True)
class Entry:
    """One image that a file, or the files of a DICOM series, hold; plain values, known from headers alone.

    Attributes
    ----------
    file
        Absolute path of the (first) file.
    frame
        Which of the images in the file this is; None where it holds one.
    shape
        (c, *space), as `read` gives it.
    dtype
        NumPy's name for the type of the stored pixels.
    patient, study
        From a DICOM header; None where unknown.
    label
        From the labels of an array in MedMNIST layout.
    slices
        The files of a volume made of a series, in order of position.
    series
        For a DICOM slice that says where it lies.
    part
        Which array of an .npz file it is in.
    """

    file: str
    frame: int | None
    shape: tuple[int, ...]
    dtype: str
    patient: str | None = None
    study: str | None = None
    label: str | None = None
    slices: tuple[str, ...] = ()
    series: SliceOf | None = None
    part: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        series = self.series and vars(self.series) | {"frame": vars(self.series.frame)}
        return vars(self) | {"series": series}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Entry:
        """The entry that `to_json` wrote."""
        values = _with_tuples(data)
        if (series := values["series"]) is not None:
            frame = Frame(**_with_tuples(series["frame"]))
            values["series"] = SliceOf(**(_with_tuples(series) | {"frame": frame}))
        return Entry(**values)


def _with_tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
