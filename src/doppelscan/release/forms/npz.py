"""One .npz in MedMNIST's layout, which holds arrays and nothing else: `train_images`, `train_labels`.

Everything released is `train`: how it is split is for those who use it. Labels are numbers, in the order of their
names.
"""

from __future__ import annotations

import contextlib
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import limits
from doppelscan.limits import VOXELS

__all__ = ["IMAGES", "LABELS", "add_labels", "labels_in", "pack", "smuggled", "stored", "unpacked"]

IMAGES, LABELS = "train_images.npy", "train_labels.npy"
_LONGEST_HEADER = 2**12
_EPOCH = (1980, 1, 1, 0, 0, 0)


def stored(pixels: Shaped[np.ndarray, "c *space"]) -> Shaped[np.ndarray, "c *space"] | str:
    """The pixels as the array keeps them, or why it cannot."""
    if len(pixels) not in (1, 2, 3, 4):
        return "MedMNIST's layout holds images of one to four channels"
    if pixels.ndim == 4 and pixels.shape[-1] in (2, 3, 4):
        return "in MedMNIST's layout a volume of two to four slices would be read as colours"
    return pixels


def pack(
    path: Path,
    images: Iterable[Shaped[np.ndarray, "c *space"]],
    n: int,
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
) -> Iterator[int]:
    """Write the images, one by one, and yield how many are; `labels` are added by `add_labels`."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(_member(IMAGES), "w", force_zip64=True) as file,
    ):
        file.write(_header((n, *_channels_last(shape)), dtype))
        for done, image in enumerate(images, start=1):
            file.write(_values(image))
            yield done


def add_labels(path: Path, codes: Sequence[int]) -> None:
    """Add the labels of the images, by number, as a column."""
    array = np.array(codes, dtype=np.int64)[:, np.newaxis]
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_member(LABELS), _header(array.shape, array.dtype) + array.astype("<i8").tobytes())


def unpacked(path: Path) -> Iterator[Shaped[np.ndarray, "c *space"]]:
    """The images of a file that `pack` wrote, one after the other; UnreadableImage of any other."""
    if found := next(smuggled(path), ""):
        raise UnreadableImage(found)
    with _told_as_damage(), zipfile.ZipFile(path) as archive, archive.open(IMAGES) as file:
        (n, *last), dtype = _described(file)
        for _ in range(n):
            values = file.read(prod(last) * dtype.itemsize)
            array = np.frombuffer(values, dtype).reshape(last)
            yield np.ascontiguousarray(np.moveaxis(array, -1, 0)) if _has_colours(last) else array[np.newaxis]


def labels_in(path: Path) -> list[int]:
    """The labels' numbers in a file of which nothing is `smuggled`; empty where there are none, or they are damaged."""
    with contextlib.suppress(UnreadableImage), _told_as_damage(), zipfile.ZipFile(path) as archive:
        if LABELS in archive.namelist():
            with archive.open(LABELS) as file:
                shape, dtype = _described(file)
                return [int(code) for code in np.frombuffer(file.read(prod(shape) * dtype.itemsize), dtype)]
    return []


def smuggled(path: Path) -> Iterator[str]:
    """What the file holds besides its arrays, and what is wrong with it."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _about_archive(archive, path.stat().st_size)
            for info in archive.infolist():
                if info.filename in (IMAGES, LABELS):
                    yield from _about_member(archive, info)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        yield f"is no .npz file of a release: {error}"


@contextlib.contextmanager
def _told_as_damage() -> Iterator[None]:
    """What an archive whose data are damaged raises, as an UnreadableImage."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UnreadableImage(f"is damaged: {error}") from error


def _about_archive(archive: zipfile.ZipFile, size: int) -> Iterator[str]:
    members = archive.infolist()
    names = [info.filename for info in members]
    if names not in ([IMAGES], [IMAGES, LABELS]):
        yield f"holds {', '.join(map(repr, names)) or 'nothing'}"
    if archive.comment or any(info.comment for info in members):
        yield "holds a comment"
    if any(
        info.date_time != _EPOCH or (info.extra[4:].strip(b"\0") and info.extra[:2] != b"\1\0")
        for info in members
    ):
        yield "holds a time, or extra fields"
    if any(info.flag_bits & ~0x808 or info.create_system not in (0, 3) for info in members):
        yield "is packed in a way that a release is not"
    if _taken(archive) != size:
        yield "holds bytes that belong to none of its members"


def _taken(archive: zipfile.ZipFile) -> int:
    """The bytes that local headers, data and directory take, if nothing lies before, between or behind them."""
    assert archive.fp is not None
    end = 0
    for info in archive.infolist():
        archive.fp.seek(info.header_offset + 26)
        name, extra = (int.from_bytes(archive.fp.read(2), "little") for _ in range(2))
        if info.header_offset != end:
            return -1
        end += 30 + name + extra + info.compress_size
        if extra not in (0, 20):
            return -1
    directory = sum(46 + len(info.filename.encode()) + len(info.extra) for info in archive.infolist())
    return end + directory + 22 if archive.start_dir == end else -1


def _about_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[str]:
    """Reads no more than the array's header promises: a bomb is not unpacked."""
    try:
        with archive.open(info) as file:
            shape, dtype = _described(file)
            expected = len(_header(shape, dtype)) + prod(shape) * dtype.itemsize
        if info.file_size != expected:
            yield f"{info.filename} has more, or less, data than its array takes"
            return
        with archive.open(info) as file:
            if file.read(len(_header(shape, dtype))) != _header(shape, dtype):
                yield f"{info.filename} has a header that says more than shape and type"
    except (UnreadableImage, ValueError) as error:
        yield f"{info.filename} is no array of images: {error}"


def _described(file: Any) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and type that a header tells, what is too large or no number refused."""
    if np.lib.format.read_magic(file) != (1, 0):
        raise UnreadableImage("its header is of another version")
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(file, _LONGEST_HEADER)
    limits.check_dtype(dtype)
    limits.check_count(shape[0] if shape else 0)
    if by_column or len(shape) > 5 or (len(shape) > 2 and prod(shape[1:]) > 4 * VOXELS.value):
        raise UnreadableImage(f"an array of shape {shape}")
    return shape, dtype


def _header(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> bytes:
    stream = io.BytesIO()
    about = {
        "descr": np.lib.format.dtype_to_descr(dtype.newbyteorder("<")),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(stream, about)
    return stream.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _values(image: Shaped[np.ndarray, "c *space"]) -> bytes:
    last = image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)
    return np.ascontiguousarray(last).astype(image.dtype.newbyteorder("<"), copy=False).tobytes()


def _channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:] if shape[0] == 1 else (*shape[1:], shape[0])


def _has_colours(last: Sequence[int]) -> bool:
    return len(last) > 2 and last[-1] in (2, 3, 4)
