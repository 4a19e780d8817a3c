"""Files written by hand, byte for byte, for what no library writes."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

PNG_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}


def png(path: Path, samples: np.ndarray, *, chunks: bytes = b"", size: tuple[int, int] | None = None) -> Path:
    """A PNG of 8 or 16 bits from (h, w, c); `size` is what the header says in place of the truth."""
    rows, columns = size or samples.shape[:2]
    bits = 8 * samples.itemsize
    lines = b"".join(b"\0" + line.astype(samples.dtype.newbyteorder(">")).tobytes() for line in samples)
    head = struct.pack(">IIBBBBB", columns, rows, bits, PNG_COLOURS[samples.shape[2]], 0, 0, 0)
    body = chunk(b"IHDR", head) + chunks + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def exif(orientation: int) -> bytes:
    """An EXIF block that says nothing but the orientation."""
    return b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0) + b"\0\0\0\0"


def tiff(path: Path, samples: np.ndarray, *, photometric: int | None = None, **tags: int) -> Path:
    """An unpacked little-endian TIFF of one page from (h, w, c), of any type of number."""
    rows, columns, channels = samples.shape
    data = samples.astype(samples.dtype.newbyteorder("<")).tobytes()
    grey = 1 if channels < 3 else 2
    values = {
        254: tags.get("subfile", 0),
        256: columns,
        257: rows,
        258: [8 * samples.itemsize] * channels,
        259: 1,
        262: grey if photometric is None else photometric,
        273: 8,
        274: tags.get("orientation", 1),
        277: channels,
        278: rows,
        279: len(data),
        339: [{"u": 1, "i": 2, "f": 3, "c": 6}[samples.dtype.kind]] * channels,
    }
    if "opacity" in tags:
        values[338] = tags["opacity"]
    path.write_bytes(_tiff_bytes(data, dict(sorted(values.items()))))
    return path


def _tiff_bytes(data: bytes, values: dict[int, int | list[int]]) -> bytes:
    directory = 8 + len(data) + len(data) % 2
    behind, fields = b"", b""
    for tag, value in values.items():
        long = isinstance(value, int)
        packed = struct.pack("<I", value) if long else struct.pack(f"<{len(value)}H", *value)
        if len(packed) > 4:
            place = directory + 2 + 12 * len(values) + 4 + len(behind)
            behind, packed = behind + packed, struct.pack("<I", place)
        fields += struct.pack("<HHI", tag, 4 if long else 3, 1 if long else len(value)) + packed.ljust(
            4, b"\0"
        )
    head = b"II*\0" + struct.pack("<I", directory) + data
    return head.ljust(directory, b"\0") + struct.pack("<H", len(values)) + fields + b"\0\0\0\0" + behind


def dicom(
    path: Path, pixels: np.ndarray, *, syntax: str = ExplicitVRLittleEndian, **elements: object
) -> Path:
    """An unpacked DICOM file of (rows, columns), (rows, columns, 3) or (frames, rows, columns)."""
    dataset = dicom_dataset(pixels, **elements)
    little, implicit = syntax != ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
    order = pixels.dtype.newbyteorder("<" if little else ">")
    if pixels.dtype.kind == "f":
        name = "FloatPixelData" if pixels.itemsize == 4 else "DoubleFloatPixelData"
        setattr(dataset, name, pixels.astype(order).tobytes())
    else:
        dataset.PixelData = pixels.astype(order).tobytes() + b"\0" * (pixels.nbytes % 2)
        dataset["PixelData"].VR = "OW" if implicit or pixels.itemsize > 1 else "OB"
    dataset.file_meta.TransferSyntaxUID = syntax
    dcmwrite(path, dataset, enforce_file_format=True, implicit_vr=implicit, little_endian=little)
    return path


def dicom_dataset(pixels: np.ndarray, **elements: object) -> FileDataset:
    """The header that fits the pixels, with `elements` set last."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = str(elements.get("SOPInstanceUID", "1.2.3"))
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    colours = pixels.ndim == 3 and pixels.shape[-1] == 3 and "NumberOfFrames" not in elements
    rows, columns = pixels.shape[:2] if colours or pixels.ndim == 2 else pixels.shape[1:]
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    dataset.Rows, dataset.Columns = rows, columns
    dataset.SamplesPerPixel = 3 if colours else 1
    if colours:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = "RGB" if colours else "MONOCHROME2"
    dataset.BitsAllocated = 8 * pixels.itemsize
    if pixels.dtype.kind != "f":
        dataset.BitsStored, dataset.HighBit = dataset.BitsAllocated, dataset.BitsAllocated - 1
        dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def sequence(**elements: object) -> list[Dataset]:
    """A sequence of one item."""
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return [item]
