"""Which images the arrays of .npy and .npz files hold: one an element; MedMNIST's layout is known."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from numpy.typing import NDArray

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import limits
from doppelscan.images.formats.entry import Entry
from doppelscan.images.formats.stamps import Stamp, stamp
from doppelscan.images.image import Image

__all__ = ["as_image", "entries", "is_one_image", "listed", "read"]

_IMAGES, _LABELS = "_images", "_labels"
_MOST_COLOURS = 4
_NOT_A_COUNT = 16
_NUMPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}

Header = tuple[tuple[int, ...], np.dtype[Any]]


def entries(path: Path, part: str | None = None) -> list[Entry]:
    """One image for each element of the array; of several arrays in an .npz, `part` names one."""
    if path.suffix.lower() == ".npy":
        array = _mapped(path)
        return listed(path, None, (array.shape, array.dtype), ())
    headers = _headers(path)
    name = _chosen(part, headers, path)
    return listed(path, name, headers[name], _labels(path, name, headers))


def read(entry: Entry) -> Image:
    """One element; of an .npy only its own bytes are read, of an .npz the whole array is, once a process."""
    path = Path(entry.file)
    array = _mapped(path) if entry.part is None else _loaded(path, entry.part, stamp(path))
    return as_image(np.array(array if is_one_image(array.shape) else array[entry.frame or 0]), entry)


def as_image(element: Shaped[np.ndarray, "_ ..."], entry: Entry) -> Image:
    """An element of an array as the image that `listed` says it is."""
    native = element.astype(element.dtype.newbyteorder("="), copy=False)
    channels_last = native.ndim == len(entry.shape)
    return Image(np.ascontiguousarray(np.moveaxis(native, -1, 0)) if channels_last else native[np.newaxis])


def listed(path: Path, name: str | None, header: Header, labels: tuple[str, ...]) -> list[Entry]:
    """The images of an array of this shape and type: one an element, with these labels."""
    shape, dtype = header
    limits.check_dtype(dtype)
    n_images, image = (1, shape) if is_one_image(shape) else (shape[0], shape[1:])
    limits.check_count(n_images)
    if labels and len(labels) != n_images:
        raise UnreadableImage(f"holds {n_images:,} images and {len(labels):,} labels")
    coloured = len(image) > 2 and 1 <= image[-1] <= _MOST_COLOURS
    channels_first = (image[-1], *image[:-1]) if coloured else (1, *image)
    if not 3 <= len(channels_first) <= 4:
        raise UnreadableImage(
            f"an array of shape {shape} is no array of images: (n, h, w), (n, h, w, c), ..."
        )
    return [
        Entry(
            str(path),
            frame=None if n_images == 1 else k,
            shape=channels_first,
            dtype=dtype.newbyteorder("=").name,
            label=labels[k] if labels else None,
            part=name,
        )
        for k in range(n_images)
    ]


def is_one_image(shape: tuple[int, ...]) -> bool:
    """Whether this is (h, w) or (h, w, colours), and not (n, h, w) of many images four pixels wide."""
    return len(shape) == 2 or (len(shape) == 3 and shape[-1] in {3, 4} and min(shape[:2]) >= _NOT_A_COUNT)


def _mapped(path: Path) -> NDArray[Any]:
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


@lru_cache(maxsize=1)
def _loaded(path: Path, name: str, _stamp: Stamp) -> NDArray[Any]:
    with np.load(path, allow_pickle=False) as arrays:
        array: NDArray[Any] = arrays[name]
    return array


def _headers(path: Path) -> dict[str, Header]:
    """Shape and type of each array, without unpacking any."""
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(".npy")]
        return {name.removesuffix(".npy"): _header(archive, name) for name in members}


def _header(archive: zipfile.ZipFile, member: str) -> Header:
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in _NUMPY_HEADERS:
            raise UnreadableImage(f"{member} is of version {version} of NumPy's format, which is not read")
        shape, _, dtype = _NUMPY_HEADERS[version](stream)
    limits.check_bytes(archive.getinfo(member).file_size)
    if prod(shape) * dtype.itemsize > archive.getinfo(member).file_size:
        raise UnreadableImage(f"truncated: {member} is shorter than its shape {shape}")
    return shape, dtype


def _chosen(part: str | None, headers: Mapping[str, Header], path: Path) -> str:
    images = [name for name in headers if name.endswith(_IMAGES)]
    images = images or [name for name, (shape, _) in headers.items() if len(shape) >= 3]
    if part is None and len(images) == 1:
        return images[0]
    for name in (f"{part}{_IMAGES}", part):
        if name in headers:
            return str(name)
    choices = ", ".join(f"{path.name}:{name.removesuffix(_IMAGES)}" for name in images) or "none"
    asked = "holds several arrays" if part is None else f"holds no array {part!r}"
    raise UnreadableImage(f"{asked}; name one of: {choices}")


def _labels(path: Path, name: str, headers: Mapping[str, Header]) -> tuple[str, ...]:
    """The label of each image, as text; several of one image are joined by commas."""
    labels = name.removesuffix(_IMAGES) + _LABELS
    if not name.endswith(_IMAGES) or labels not in headers:
        return ()
    with np.load(path, allow_pickle=False) as arrays:
        rows = arrays[labels]
    return tuple(",".join(map(str, row)) for row in rows.reshape(len(rows), -1).tolist())
