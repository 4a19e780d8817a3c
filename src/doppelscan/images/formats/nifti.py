"""What a NIfTI file holds: one volume towards right, anterior, superior; further axes are channels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.lib.recfunctions import structured_to_unstructured
from numpy.typing import NDArray

from doppelscan.errors import UnreadableImage
from doppelscan.images.formats import axes, limits
from doppelscan.images.formats.entry import Entry
from doppelscan.images.image import Image

__all__ = ["entries", "read"]

_INFLATED = 1032  # DEFLATE packs at best one byte for so many
_MM = {"meter": 1e3, "micron": 1e-3}


def entries(path: Path, part: str | None = None) -> list[Entry]:
    """The one volume of the file, from its header."""
    nifti = _open(path)
    return [Entry(str(path), None, _shape(nifti), _scalar(nifti).name)]


def read(entry: Entry) -> Image:
    """The volume (c, x, y, z) as stored; its scaling is kept as slope and intercept."""
    nifti = _open(Path(entry.file))
    limits.check_shape(_shape(nifti))
    _check_whole(Path(entry.file), nifti)
    turn = axes.towards_ras(nifti.affine)
    stored = turn.volume(_channels_first(np.asarray(nifti.dataobj.get_unscaled())))
    slope, intercept = float(nifti.dataobj.slope), float(nifti.dataobj.inter)
    return Image(np.ascontiguousarray(stored), _spacing(nifti, turn), slope, intercept)


def _open(path: Path) -> Any:
    nifti = nibabel.load(path)
    if not isinstance(nifti, nibabel.Nifti1Image):  # NIfTI-2 is a kind of it
        raise UnreadableImage("named as NIfTI, and is none")
    limits.check_dtype(_scalar(nifti))
    return nifti


def _check_whole(path: Path, nifti: Any) -> None:
    """Refuse a file that cannot hold what its header says: room would be made for all of it."""
    n_bytes = math.prod(nifti.shape) * nifti.get_data_dtype().itemsize + int(nifti.dataobj.offset)
    limits.check_bytes(n_bytes)
    most = path.stat().st_size * (_INFLATED if path.name.lower().endswith(".gz") else 1)
    if n_bytes > most:
        raise UnreadableImage(f"truncated: {n_bytes:,} bytes are not in a file of {path.stat().st_size:,}")


def _scalar(nifti: Any) -> np.dtype[Any]:
    """The type of one channel in the machine's byte order; RGB voxels are records of three or four."""
    dtype: np.dtype[Any] = nifti.get_data_dtype()
    return (dtype[0] if dtype.names else dtype).newbyteorder("=")


def _space(nifti: Any) -> tuple[int, ...]:
    return (*nifti.shape, 1, 1, 1)[:3]


def _shape(nifti: Any) -> tuple[int, ...]:
    colours = len(nifti.get_data_dtype().names or ("grey",))
    channels = colours * int(np.prod(nifti.shape[3:], dtype=np.int64))
    return (channels, *axes.towards_ras(nifti.affine).along(_space(nifti)))


def _channels_first(voxels: NDArray[Any]) -> NDArray[Any]:
    if voxels.dtype.names:
        voxels = structured_to_unstructured(voxels)
    space = (*voxels.shape, 1, 1, 1)[:3]
    native = voxels.astype(voxels.dtype.newbyteorder("="), copy=False)
    return np.moveaxis(native.reshape(*space, -1), -1, 0)


def _spacing(nifti: Any, turn: axes.Turn) -> tuple[float, ...] | None:
    unit = _MM.get(nifti.header.get_xyzt_units()[0], 1.0)
    zooms = tuple(abs(float(zoom)) * unit for zoom in (*nifti.header.get_zooms(), 0.0, 0.0)[:3])
    return turn.along(zooms) if all(0 < zoom < np.inf for zoom in zooms) else None
