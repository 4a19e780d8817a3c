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


def tiff(path: Path, samples: np.ndarray, *, photometric: int | None = None, **tags: int | bytes) -> Path:
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
    values |= {_TAGS[name]: value for name, value in tags.items() if name in _TAGS}
    path.write_bytes(_tiff_bytes(data, values))
    return path


def tiled_tiff(
    path: Path, samples: np.ndarray, *, tile: tuple[int, int], big: bool = False, packed: bool = False
) -> Path:
    """A little-endian TIFF or BigTIFF of one page from (h, w, c), in tiles, plain or packed by DEFLATE."""
    rows, columns, channels = samples.shape
    high, wide = tile
    padded = np.pad(samples, ((0, -rows % high), (0, -columns % wide), (0, 0)))
    tiles = [
        padded[top : top + high, left : left + wide].astype(samples.dtype.newbyteorder("<")).tobytes()
        for top in range(0, rows, high)
        for left in range(0, columns, wide)
    ]
    tiles = [zlib.compress(one) if packed else one for one in tiles]
    starts = np.cumsum([16 if big else 8, *map(len, tiles)])[:-1]
    values: dict[int, int | bytes | list[int]] = {
        256: columns,
        257: rows,
        258: [8 * samples.itemsize] * channels,
        259: 8 if packed else 1,
        262: 1 if channels < 3 else 2,
        277: channels,
        322: wide,
        323: high,
        324: struct.pack(f"<{len(tiles)}I", *starts),
        325: struct.pack(f"<{len(tiles)}I", *map(len, tiles)),
        339: [{"u": 1, "i": 2, "f": 3}[samples.dtype.kind]] * channels,
    }
    path.write_bytes(_tiff_bytes(b"".join(tiles), values, big=big))
    return path


_TAGS = {
    "opacity": 338,
    "planar": 284,
    "description": 270,
    "tile_width": 322,
    "tile_height": 323,
    "old_subfile": 255,
}
_LONG_LISTS = {324, 325}


def _tiff_bytes(data: bytes, values: dict[int, int | bytes | list[int]], *, big: bool = False) -> bytes:
    """The file: its head, data, the directory of its one page, and what does not fit into that."""
    start, word, count = (16, "Q", "Q") if big else (8, "I", "H")
    room = struct.calcsize(f"<{word}")
    directory = start + len(data) + len(data) % 2
    end = directory + struct.calcsize(f"<{count}") + len(values) * (4 + 2 * room) + room
    behind, fields = b"", b""
    for tag, value in sorted(values.items()):
        kind, n, packed = _field(tag, value)
        if len(packed) > room:
            behind, packed = behind + packed, struct.pack(f"<{word}", end + len(behind))
        fields += struct.pack(f"<HH{word}", tag, kind, n) + packed.ljust(room, b"\0")
    head = b"II+\0\x08\0\0\0" if big else b"II*\0"
    first = (head + struct.pack(f"<{word}", directory) + data).ljust(directory, b"\0")
    return first + struct.pack(f"<{count}", len(values)) + fields + bytes(room) + behind


def _field(tag: int, value: int | bytes | list[int]) -> tuple[int, int, bytes]:
    """The type of a field, how many values it has, and these."""
    if isinstance(value, int):
        return 4, 1, struct.pack("<I", value)
    if isinstance(value, list):
        return 3, len(value), struct.pack(f"<{len(value)}H", *value)
    return (4, len(value) // 4, value) if tag in _LONG_LISTS else (2, len(value) + 1, value + b"\0")


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
