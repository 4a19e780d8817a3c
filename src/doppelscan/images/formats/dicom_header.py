"""What a DICOM header says: whose image it is, and of what pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import DataElement, dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import limits
from doppelscan.images.formats.bounded import Bounded, check_inflated
from doppelscan.images.formats.dicom_whole import check_whole

__all__ = ["Header", "number", "numbers", "open_header", "opened", "text", "transfer_syntax"]

_UNNAMED = frozenset({"", "anon", "anonymous", "anonymized", "anonymised", "none", "unknown"})
_PIXELS = {
    b"\xe0\x7f\x10\0": "",
    b"\x7f\xe0\0\x10": "",
    b"\xe0\x7f\x08\0": "float32",
    b"\xe0\x7f\x09\0": "float64",
}
_UNPACKED = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
_DIRECTORY = "1.2.840.10008.1.3.10"


@dataclass(frozen=True)
class Header:
    """All elements before the pixels, and what they say of these."""

    dataset: FileDataset
    n_frames: int
    shape: tuple[int, int, int]
    dtype: str
    patient: str | None
    study: str | None


def open_header(path: Path) -> Header:
    """The header of a DICOM file that holds pixels; any other kind of DICOM is refused by its name."""
    with opened(path) as file:
        dataset = dcmread(file, stop_before_pixels=True, force=True)
        limits.check_nesting(_depth(dataset))
        syntax = transfer_syntax(dataset)
        deflated = syntax == DeflatedExplicitVRLittleEndian  # all of it is unpacked: the file is at its end
        element = file.read(4)
        if "Rows" not in dataset or not (deflated or element in _PIXELS):
            raise UnreadableImage(_without_pixels(dataset))
        _check_decoded(syntax)
        header = _header(path, dataset, _PIXELS.get(element, ""))
        if not deflated:
            encoding = _encoding(dataset)
            check_whole(file, encoding, packed=syntax not in _UNPACKED, expected=_n_bytes(header))
    return header


def opened(path: Path) -> Bounded:
    """The file, for pydicom to read."""
    return _Deflated(path)


def transfer_syntax(dataset: FileDataset) -> UID:
    """How the file is encoded: as it says, or as it was found to be read."""
    if said := dataset.file_meta.get("TransferSyntaxUID"):
        return UID(said)
    implicit, little = _encoding(dataset)
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def text(dataset: Dataset, keyword: str) -> str:
    """An element as text, empty where it is absent."""
    value = dataset.get(keyword)
    return "" if value is None else str(value).strip(" \0")


def numbers(dataset: Dataset, keyword: str, n: int) -> tuple[float, ...] | None:
    """An element of `n` finite numbers; None where it is absent or of another form."""
    try:
        found = tuple(float(value) for value in dataset.get(keyword) or ())
    except (TypeError, ValueError):
        return None
    return found if len(found) == n and all(math.isfinite(value) for value in found) else None


def number(dataset: Dataset, keyword: str) -> float | None:
    """An element of one finite number; None where it is absent or of another form."""
    try:
        value = float(dataset.get(keyword))
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


class _Deflated(Bounded):
    """A DICOM file: what is left of it is asked for as a whole only where that is deflated."""

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, or what is left, which may not be unpacked to more than the limit."""
        content = super().read(size)
        if size is None or size < 0:
            check_inflated(content)
        return content


def _depth(dataset: Dataset) -> int:
    """How deep sequences lie in one another, as far as they were taken apart."""
    depth, within = 0, [dataset]
    while within:
        depth += 1
        read = [element for one in within for element in one.values() if isinstance(element, DataElement)]
        within = [item for element in read if element.VR == "SQ" for item in element.value]
    return depth


def _encoding(dataset: FileDataset) -> tuple[bool, bool]:
    """Whether the value representations are implicit, and whether the bytes are little endian."""
    implicit, little = dataset.original_encoding
    return bool(implicit), bool(little)


def _check_decoded(syntax: UID) -> None:
    try:
        get_decoder(syntax)
    except NotImplementedError as error:
        raise UnreadableImage(f"its transfer syntax is not decoded: {syntax.name}") from error


def _header(path: Path, dataset: FileDataset, floats: str) -> Header:
    n_frames = int(dataset.get("NumberOfFrames") or 1)
    if not 1 <= n_frames <= path.stat().st_size:
        raise UnreadableImage(f"says that it holds {n_frames:,} frames in {path.stat().st_size:,} bytes")
    patient = text(dataset, "PatientID")
    return Header(
        dataset,
        n_frames,
        (_channels(dataset), int(dataset.Rows), int(dataset.Columns)),
        floats or _dtype(dataset),
        None if patient.lower() in _UNNAMED else patient,
        text(dataset, "StudyInstanceUID") or None,
    )


def _n_bytes(header: Header) -> int:
    """How many bytes all frames take, unpacked, as the file has them."""
    dataset = header.dataset
    samples, bits = int(dataset.get("SamplesPerPixel") or 1), int(dataset.BitsAllocated)
    n_bits = math.prod((header.n_frames, *header.shape[1:], samples, bits))
    halved = text(dataset, "PhotometricInterpretation") == "YBR_FULL_422"  # two pixels share their colour
    return (n_bits * 2 // 3 if halved else n_bits) // 8


def _without_pixels(dataset: FileDataset) -> str:
    kind: Any = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID")
    if kind == _DIRECTORY:
        return "DICOMDIR: an index of files, without pixels"
    if kind:
        return f"DICOM without pixels: {UID(str(kind)).name}"
    return "DICOM without pixels" if dataset.preamble else "not an image: no DICOM header"


def _channels(dataset: Dataset) -> int:
    photometric = text(dataset, "PhotometricInterpretation")
    if photometric == "PALETTE COLOR":
        return 3
    samples = int(dataset.get("SamplesPerPixel") or 1)
    if samples not in {1, 3}:
        raise UnreadableImage(f"{samples} samples a pixel ({photometric}) are not read")
    return samples


def _dtype(dataset: Dataset) -> str:
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        lut = numbers(dataset, "RedPaletteColorLookupTableDescriptor", 3)
        if lut is None:
            raise UnreadableImage("PALETTE COLOR without a table of its colours")
        return f"uint{8 if lut[2] <= 8 else 16}"
    bits = int(dataset.BitsAllocated)
    if bits == 1:
        return "uint8"
    return f"{'int' if dataset.get('PixelRepresentation') == 1 else 'uint'}{bits}"
