"""What a set on disk holds: `imageset.json`, `images.parquet`, `pixels.zarr`."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr

from doppelscan.errors import FormatError, Problem, UnreadableImage
from doppelscan.images.formats import limits
from doppelscan.images.formats.zarr_arrays import opened_array
from doppelscan.imagesets.imageset import COLUMNS, ImageSet, Unreadable, with_columns
from doppelscan.imagesets.pixels import ZarrPixels
from doppelscan.store import is_file, is_object, read_bytes, read_json, read_parquet, shown
from doppelscan.store.links import links_out
from doppelscan.store.objects import answered

__all__ = ["FORMAT", "NUMBERS", "is_saved", "open_saved"]

FORMAT = "doppelscan-imageset/1"
NUMBERS = ["slope", "intercept", "spacing_mm"]
"""Columns of `images.parquet` that say how the stored pixels are read; no part of a set's table."""


def is_saved(path: Path) -> bool:
    """Whether an imageset folder is here."""
    return is_file(path / "imageset.json")


def open_saved(folder: Path) -> ImageSet:
    """The set that `save` wrote.

    Raises
    ------
    FormatError
        If its files are damaged, do not belong together, or are of a newer version.
    """
    if not is_object(folder) and (out := next(links_out(folder), None)):
        raise FormatError(Problem(f"holds a link that leads out of it: {out}", where=str(folder)))
    manifest = read_json(folder / "imageset.json", expected=FORMAT)
    try:
        return _opened(folder, manifest)
    except (OSError, ValueError, KeyError, TypeError, UnreadableImage) as error:
        raise FormatError(Problem(f"cannot be read: {error}", where=shown(folder))) from error


def _opened(folder: Path, manifest: dict[str, Any]) -> ImageSet:
    rows = read_parquet(BytesIO(read_bytes(folder / "images.parquet")))
    place = folder / "pixels.zarr"
    array = opened_array(place)
    if problems := answered(place, lambda: list(_damages(rows, array, manifest["n"]))):
        raise FormatError([Problem(what, where=shown(folder)) for what in problems])
    spacing = [None if value is None else _spacing(value, array.ndim - 2) for value in rows["spacing_mm"]]
    slope, intercept = (rows[name].to_numpy(np.float64) for name in ("slope", "intercept"))
    content, order = str(manifest["fingerprint"]), np.arange(len(rows))
    pixels = ZarrPixels(folder / "pixels.zarr", content, order, slope, intercept, spacing)
    return ImageSet(
        with_columns(rows.drop(columns=NUMBERS)),
        pixels,
        name=shown(folder),
        unreadable=tuple(Unreadable(str(where), str(reason)) for where, reason in manifest["unreadable"]),
        preparation=dict(manifest["made_from"]["preparation"]),
        patients_from=tuple(map(str, manifest.get("patients_from", ()))),
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _spacing(value: Any, n_axes: int) -> tuple[float, ...]:
    spacing = tuple(map(float, value))
    if len(spacing) != n_axes:
        raise ValueError(f"a spacing of {len(spacing)} numbers for {n_axes} axes")
    return spacing


def _damages(rows: pd.DataFrame, array: zarr.Array[Any], n: int) -> Iterator[str]:
    """What shows that files of a set are lost, or do not belong together."""
    if lacking := [name for name in (*COLUMNS, *NUMBERS) if name not in rows]:
        yield f"lacks {', '.join(lacking)}"
        return
    if not_text := [name for name in COLUMNS if not rows[name].map(_is_text).all()]:
        yield f"holds what is no text as {', '.join(not_text)}"
    if rows["id"].isna().any():
        yield "holds images without an id"
    if array.ndim not in {4, 5}:
        yield f"holds an array of {array.ndim} axes"
        return
    if not array.shape[0] == len(rows) == n:
        yield f"{n} images, {len(rows)} rows, {array.shape[0]} stored"
        return
    limits.check_shape(array.shape[1:])
    if lost := array.nchunks - array.nchunks_initialized:
        yield f"{lost} of its {array.nchunks} blocks of pixels are lost"
