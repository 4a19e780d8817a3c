"""Which images a foreign Zarr holds, and the pixels of each: OME-Zarr by its axes, other arrays by their shape."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import arrays, limits
from doppelscan.images.formats.entry import Entry
from doppelscan.images.formats.ome import Multiscale, multiscale_of
from doppelscan.images.formats.stamps import Stamp, stamp
from doppelscan.images.formats.zarr_arrays import metadata_at, opened_array
from doppelscan.images.image import Image
from doppelscan.store.links import links_out
from doppelscan.store.walking import Met

__all__ = ["entries", "read"]


def entries(path: Path, part: str | None = None) -> list[Entry]:
    """One image for each point in time of an OME-Zarr image, or for each element of an array.

    Of several arrays in a group, `part` names one.
    """
    if (out := next(links_out(path), None)) is not None:
        raise UnreadableImage(f"holds a link that leads out of it: {out}")
    image, name = _named(path, part)
    array = _array(path, name)
    if image is None:
        return arrays.listed(path, name or None, (array.shape, np.dtype(array.dtype)), ())
    if array.ndim != len(image.axes):
        raise UnreadableImage(f"its array has {array.ndim} axes, its metadata {len(image.axes)}")
    sizes = dict(zip(image.axes, array.shape, strict=True))
    n_times, channels = sizes.get("t", 1), sizes.get("c", 1)
    limits.check_count(n_times)
    space = (sizes["x"], sizes["y"], sizes["z"]) if sizes.get("z", 1) > 1 else (sizes["y"], sizes["x"])
    shape, dtype = (channels, *space), np.dtype(array.dtype).newbyteorder("=").name
    frames = [None] if n_times == 1 else list(range(n_times))
    return [Entry(str(path), frame, shape, dtype, part=part) for frame in frames]


def read(entry: Entry) -> Image:
    """One image; of an OME-Zarr volume the axes are x, y, z. What is not stored is the array's fill value."""
    path = Path(entry.file)
    image, name = _named(path, entry.part)
    array = _array(path, name)
    limits.check_shape(entry.shape)
    if image is None:
        whole = arrays.is_one_image(array.shape)
        return arrays.as_image(_native(array[:] if whole else array[entry.frame or 0]), entry)
    at = tuple((entry.frame or 0) if name == "t" else slice(None) for name in image.axes)
    pixels, axes = _native(array[at]), image.axes.replace("t", "")
    if "c" not in axes:
        pixels, axes = pixels[np.newaxis], "c" + axes
    pixels = pixels.transpose([axes.index(name) for name in "czyx" if name in axes])
    spacing = image.spacing_mm
    if pixels.ndim == 4 and pixels.shape[1] > 1:
        return Image(np.ascontiguousarray(pixels.transpose(0, 3, 2, 1)), spacing and spacing[::-1])
    return Image(
        np.ascontiguousarray(pixels.reshape(pixels.shape[0], *pixels.shape[-2:])), spacing and spacing[-2:]
    )


def _named(path: Path, part: str | None) -> tuple[Multiscale | None, str]:
    """The OME-Zarr image, if it is one, and the array that is read, relative to the path."""
    about = metadata_at(path)
    if about is None:
        raise UnreadableImage("not an image: no metadata of Zarr")
    if about["node_type"] == "array":
        return None, ""
    image = multiscale_of(about["attributes"])
    if image is not None:
        return image, image.path
    with os.scandir(path) as found:
        held = sorted(
            one.name for one in Met(path).counted(found) if one.is_dir() and _is_array(path / one.name)
        )
    if part in held or (part is None and len(held) == 1):
        return None, part or held[0]
    choices = ", ".join(f"{path.name}/{name}" for name in held[:20]) or "none"
    raise UnreadableImage(f"is a group, which holds no OME-Zarr image; name one of its arrays: {choices}")


def _is_array(place: Path) -> bool:
    about = metadata_at(place)
    return about is not None and about["node_type"] == "array"


def _array(path: Path, name: str) -> zarr.Array[Any]:
    place = path / name
    described = next(file for file in (place / "zarr.json", place / ".zarray") if file.exists())
    return _opened(place, stamp(described))


@lru_cache(maxsize=4)
def _opened(place: Path, _stamp: Stamp) -> zarr.Array[Any]:
    return opened_array(place)


def _native(values: Any) -> NDArray[Any]:
    found = np.asarray(values)
    return found.astype(found.dtype.newbyteorder("="), copy=False)
