"""What a set on disk holds: `imageset.json`, `images.parquet`, `pixels.zarr`."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr

from doppelscan.errors import FormatError, Problem
from doppelscan.imagesets.imageset import COLUMNS, ImageSet, Unreadable, with_columns
from doppelscan.imagesets.pixels import ZarrPixels
from doppelscan.store import is_file, read_bytes, read_json, shown
from doppelscan.store.objects import answered, zarr_store

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
    manifest = read_json(folder / "imageset.json", expected=FORMAT)
    try:
        return _opened(folder, manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(Problem(f"cannot be read: {error}", where=shown(folder))) from error


def _opened(folder: Path, manifest: dict[str, Any]) -> ImageSet:
    rows = pd.read_parquet(BytesIO(read_bytes(folder / "images.parquet")))
    place = folder / "pixels.zarr"
    array = answered(place, lambda: zarr.open_array(zarr_store(place), mode="r"))
    if problems := answered(place, lambda: list(_damages(rows, array, manifest["n"]))):
        raise FormatError([Problem(what, where=shown(folder)) for what in problems])
    spacing = [None if value is None else tuple(value) for value in rows["spacing_mm"]]
    slope, intercept = (rows[name].to_numpy(np.float64) for name in ("slope", "intercept"))
    content, order = manifest["fingerprint"], np.arange(len(rows))
    pixels = ZarrPixels(folder / "pixels.zarr", content, order, slope, intercept, spacing)
    return ImageSet(
        with_columns(rows.drop(columns=NUMBERS)),
        pixels,
        name=shown(folder),
        unreadable=tuple(Unreadable(*row) for row in manifest["unreadable"]),
        preparation=manifest["made_from"]["preparation"],
    )


def _damages(rows: pd.DataFrame, array: zarr.Array[Any], n: int) -> Iterator[str]:
    """What shows that files of a set are lost, or do not belong together."""
    if lacking := [name for name in (*COLUMNS, *NUMBERS) if name not in rows]:
        yield f"lacks {', '.join(lacking)}"
    if not array.shape[0] == len(rows) == n:
        yield f"{n} images, {len(rows)} rows, {array.shape[0]} stored"
    if lost := array.nchunks - array.nchunks_initialized:
        yield f"{lost} of its {array.nchunks} blocks of pixels are lost"
