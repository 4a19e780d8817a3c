"""Which library opens a file: told by how its name ends, or its content begins."""

from __future__ import annotations

import contextlib
import importlib
import stat
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from doppelscan.errors import DoppelscanError, UnreadableImage
from doppelscan.images.formats import limits
from doppelscan.images.formats.entry import Entry
from doppelscan.images.image import Image
from doppelscan.store import at_hand, is_object, is_zarr

__all__ = ["ABSENT", "entries", "read"]

_DOORS = {
    ".png": "pillow",
    ".jpg": "pillow",
    ".jpeg": "pillow",
    ".jpe": "pillow",
    ".bmp": "pillow",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".dcm": "dicom",
    ".dicom": "dicom",
    ".ima": "dicom",
    ".nii": "nifti",
    ".nii.gz": "nifti",
    ".npy": "arrays",
    ".npz": "arrays",
}
ABSENT = "does not exist"
_HEAD = 132
_REASON = 300


@runtime_checkable
class _Door(Protocol):
    """What each module that knows a file library offers."""

    def entries(self, path: Path, part: str | None) -> list[Entry]: ...

    def read(self, entry: Entry) -> Image: ...


def entries(path: Path, part: str | None = None) -> list[Entry]:
    """The images that a file holds, from its headers; `part` names an array of an .npz.

    Raises
    ------
    UnreadableImage
        With the reason, whatever is wrong with the file.
    """
    with _brought(path) as file, _one_error():
        found = _door(file).entries(file.absolute(), part)
        for entry in found:
            limits.check_shape(entry.shape)
    return [replace(entry, file=str(path)) for entry in found] if is_object(path) else found


def read(entry: Entry) -> Image:
    """The image that an entry names, its volume's slices joined.

    Raises
    ------
    UnreadableImage
        With the reason, whatever is wrong with the file or files.
    """
    with _at_hand(entry) as here, _one_error():
        image = _door(Path(here.file)).read(here)
        if (image.stored.shape, image.stored.dtype.name) != (entry.shape, entry.dtype):
            found = f"{image.stored.shape} of {image.stored.dtype}"
            raise UnreadableImage(f"holds {found} where its header says {entry.shape} of {entry.dtype}")
        return image


@contextlib.contextmanager
def _at_hand(entry: Entry) -> Iterator[Entry]:
    """The entry as files of this machine have it; a store that does not answer is no unreadable image."""
    if not is_object(entry.file):
        yield entry
        return
    with contextlib.ExitStack() as copies:
        files = [str(copies.enter_context(_brought(Path(name)))) for name in (entry.file, *entry.slices)]
        yield replace(entry, file=files[0], slices=tuple(files[1:]))


@contextlib.contextmanager
def _brought(path: Path) -> Iterator[Path]:
    with contextlib.ExitStack() as copies:
        try:
            file = copies.enter_context(at_hand(path))
        except FileNotFoundError as error:
            raise UnreadableImage(ABSENT) from error
        yield file


def _door(path: Path) -> _Door:
    try:
        found = path.stat()
    except OSError as error:
        if path.exists():
            raise
        raise UnreadableImage(ABSENT) from error
    if stat.S_ISDIR(found.st_mode) and is_zarr(path):
        return _opened("zarrs")
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableImage("is no file")
    if found.st_size == 0:
        raise UnreadableImage("is empty")
    name = _door_name(path)
    if name is None:
        raise UnreadableImage(f"not an image: {path.suffix or 'a name without suffix'}")
    return _opened(name)


@cache
def _opened(name: str) -> _Door:
    return cast("_Door", importlib.import_module(f"doppelscan.images.formats.{name}"))


def _door_name(path: Path) -> str | None:
    name = path.name.lower()
    for suffix, door in _DOORS.items():
        if name.endswith(suffix):
            return door
    return "dicom" if path.is_file() and _begins_as_dicom(path) else None


def _begins_as_dicom(path: Path) -> bool:
    """Whether there is DICOM's mark, or (as in files without a preamble) an element of group 2 or 8."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    little, big = head[:2] in {b"\x02\0", b"\x08\0"}, head[:2] in {b"\0\x02", b"\0\x08"}
    element = head[2:4] if little else head[3:1:-1]
    return head[128:] == b"DICM" or ((little or big) and len(head) == _HEAD and element[1:] == b"\0")


@contextlib.contextmanager
def _one_error() -> Iterator[None]:
    """Whatever a library raises leaves as UnreadableImage; what it merely warns of stays unsaid."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DoppelscanError:
        raise
    except Exception as error:
        raise UnreadableImage(_reason(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "permission denied"
    if isinstance(error, MemoryError):
        return "does not fit in memory"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    lines = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
    return f"cannot be decoded: {lines or type(error).__name__}"[:_REASON]
