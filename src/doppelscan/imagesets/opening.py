"""What a path holds, as an ImageSet."""

from __future__ import annotations

import os
from pathlib import Path

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets.imageset import ImageSet, by_reason
from doppelscan.imagesets.listing import Listing, is_text, list_folder, list_table, printable
from doppelscan.imagesets.saved import is_saved, open_saved
from doppelscan.imagesets.scanning import scan
from doppelscan.imagesets.shards import is_sharded, open_shards
from doppelscan.settings import Resources
from doppelscan.store import is_file, is_object, is_zarr, shown
from doppelscan.workers import Progress, silent

__all__ = ["open_images"]


def open_images(
    path: str | Path,
    *,
    patient_pattern: str | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> ImageSet:
    """The images at `path`; their pixels are read when asked for.

    `path`, here or at `s3://`, is an imageset folder, one of shards of a set, a folder of image files (sub-folders are
    labels; an `images.csv` or `images.parquet` in it is its table), a table naming files, one file, or one array of a
    MedMNIST file (`set.npz:train`). Files that cannot be read are in `unreadable`, each with its reason.

    Raises
    ------
    InputError
        If there is nothing at `path`, its table is wrong, or it holds no image at all.
    """
    path = _absolute(path)
    if not is_text(path):
        raise InputError(Problem("its name is not UTF-8", where=printable(path), cure="rename it"))
    file, part = _split_part(path)
    if is_saved(file):
        return open_saved(file)
    if is_sharded(file):
        return open_shards(file)
    listing = _list(file)
    images = scan(
        listing,
        name=shown(path),
        part=part,
        patient_pattern=patient_pattern,
        resources=resources or Resources(),
        progress=progress,
    )
    if len(images) == 0:
        raise InputError(_nothing(images))
    return images


def _absolute(path: str | Path) -> str:
    """The whole name: a path, with `:part` behind it or not, or a place in an object store."""
    if is_object(path):
        return str(Path(path))
    return os.path.abspath(path)  # noqa: PTH100 - no path where there is a part


def _split_part(path: str) -> tuple[Path, str | None]:
    before, colon, part = path.rpartition(":")
    if colon and before.lower().endswith(".npz"):
        return Path(before), part
    return Path(path), None


def _list(path: Path) -> Listing:
    if is_object(path) and not is_file(path):
        return list_folder(path)
    if is_zarr(path):
        return Listing(path.parent, (path.name,))
    if path.is_dir():
        return list_folder(path)
    if not (is_object(path) or path.exists()):
        raise InputError(Problem("there is nothing here", where=str(path), cure="check the path"))
    if path.suffix.lower() in {".csv", ".parquet"}:
        return list_table(path)
    return Listing(path.parent, (path.name,))


def _nothing(images: ImageSet) -> list[Problem]:
    problems = [Problem("holds no image that can be read", where=images.name)]
    return problems + by_reason(images.unreadable)[:20]
