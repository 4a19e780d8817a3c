"""How a set is kept on disk: `imageset.json`, `images.parquet`, `pixels.zarr`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr

from doppelscan.errors import FormatError, InputError, Problem
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets.drafts import Draft
from doppelscan.imagesets.imageset import COLUMNS, ImageSet, Unreadable, with_columns
from doppelscan.imagesets.pixels import ZarrPixels
from doppelscan.imagesets.preparing import prepared
from doppelscan.imagesets.versions import code_versions
from doppelscan.settings import Resources
from doppelscan.store import Cache, atomic_file, fingerprint, read_json, write_json
from doppelscan.store.atomic import sync_tree
from doppelscan.workers import Progress, silent

__all__ = ["FORMAT", "cached", "is_saved", "open_saved", "save"]

FORMAT = "doppelscan-imageset/1"
_NUMBERS = ["slope", "intercept", "spacing_mm"]


def save(
    images: ImageSet,
    out: Path,
    *,
    preparation: Preparation | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> ImageSet:
    """Prepare every image and write the set to `out`; the set that was written.

    An interrupted call goes on where it stood when it is made again with the same images and preparation.
    Images that cannot be read or prepared are left out and listed in `unreadable`.

    Raises
    ------
    InputError
        If `out` is in use for something else, images end up with different shapes, or none is left.
    """
    preparation = preparation or Preparation()
    made_from = {"source": images.fingerprint, "preparation": preparation.to_json()}
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        return _same_or_refused(out, made_from)
    if preparation.is_identity:
        _ = images.shape  # raises at once where shapes differ, before anything is written
    dtype = np.dtype(np.uint8) if preparation.intensity != "none" else images.pixels.dtype
    draft = Draft.begin(out.with_name(f".{out.name}.partial"), made_from, dtype)
    _fill(draft, images, preparation, resources or Resources(), progress)
    _write_table(draft, images, preparation, made_from)
    sync_tree(draft.folder)
    if out.exists():
        out.rmdir()
    draft.folder.replace(out)
    return open_saved(out)


def cached(
    images: ImageSet,
    *,
    preparation: Preparation | None = None,
    resources: Resources | None = None,
    progress: Progress = silent,
) -> ImageSet:
    """The set that `save` would write, kept in the cache: made once for the same images and preparation."""
    preparation = preparation or Preparation()
    if preparation.is_identity and isinstance(images.pixels, ZarrPixels):
        return images
    key = {"source": images.fingerprint, "preparation": preparation.to_json(), "versions": code_versions()}
    kept = save(
        images,
        Cache.default().path("sets", key),
        preparation=preparation,
        resources=resources,
        progress=progress,
    )
    return replace(kept, name=images.name)


def is_saved(path: Path) -> bool:
    """Whether an imageset folder is here."""
    return (path / "imageset.json").is_file()


def open_saved(folder: Path) -> ImageSet:
    """The set that `save` wrote.

    Raises
    ------
    FormatError
        If its files are damaged, do not belong together, or are of a newer version.
    """
    manifest = read_json(folder / "imageset.json", expected=FORMAT)
    try:
        rows = pd.read_parquet(folder / "images.parquet")
        stored = zarr.open_array(folder / "pixels.zarr", mode="r").shape[0]
        lacking = [name for name in (*COLUMNS, *_NUMBERS) if name not in rows]
    except (OSError, ValueError, KeyError) as error:
        raise FormatError(Problem(f"cannot be read: {error}", where=str(folder))) from error
    if lacking or not stored == len(rows) == manifest["n"]:
        wrong = (
            f"lacks {', '.join(lacking)}"
            if lacking
            else f"{manifest['n']} images, {len(rows)} rows, {stored} stored"
        )
        raise FormatError(Problem(wrong, where=str(folder)))
    spacing = [None if value is None else tuple(value) for value in rows["spacing_mm"]]
    slope, intercept = (rows[name].to_numpy(np.float64) for name in ("slope", "intercept"))
    content, order = manifest["fingerprint"], np.arange(len(rows))
    pixels = ZarrPixels(folder / "pixels.zarr", content, order, slope, intercept, spacing)
    return ImageSet(
        with_columns(rows.drop(columns=_NUMBERS)),
        pixels,
        name=str(folder),
        unreadable=tuple(Unreadable(*row) for row in manifest["unreadable"]),
        preparation=manifest["made_from"]["preparation"],
    )


def _same_or_refused(out: Path, made_from: dict[str, Any]) -> ImageSet:
    """The set in `out` if it is the very one that is asked for."""
    if is_saved(out) and read_json(out / "imageset.json", expected=FORMAT)["made_from"] == made_from:
        return open_saved(out)
    raise InputError(Problem("exists and holds something else", where=str(out), cure="name another folder"))


def _fill(
    draft: Draft, images: ImageSet, preparation: Preparation, resources: Resources, progress: Progress
) -> None:
    committed = draft.shards()
    start = committed[-1]["stop"] if committed else 0
    row = sum(len(shard["rows"]) for shard in committed)
    for shard in prepared(images, preparation, start=start, resources=resources, progress=progress):
        row = draft.add(shard, row)


def _write_table(draft: Draft, images: ImageSet, preparation: Preparation, made_from: dict[str, Any]) -> None:
    shards = draft.shards()
    rows = pd.DataFrame(
        [row for shard in shards for row in shard["rows"]], columns=["source", "k", *_NUMBERS]
    )
    ids = images.table["id"].to_numpy()
    unreadable = [[one.where, one.reason] for one in images.unreadable]
    unreadable += [[str(ids[source]), reason] for shard in shards for source, reason in shard["unreadable"]]
    if rows.empty:
        raise InputError(
            [
                Problem("holds no image that can be prepared", where=images.name),
                *(Problem(reason, where=where) for where, reason in unreadable[:20]),
            ]
        )
    table = images.table.iloc[rows["source"].to_numpy(int)].reset_index(drop=True)
    suffix = ["" if pd.isna(k) else f"#{int(k)}" for k in rows["k"]]
    table = pd.concat([table.assign(id=table["id"] + suffix), rows[_NUMBERS]], axis=1)
    with atomic_file(draft.folder / "images.parquet") as path:
        table.to_parquet(path, index=False)
    manifest = {
        "format": FORMAT,
        "n": len(table),
        "fingerprint": fingerprint(made_from),
        "made_from": made_from,
        "source": images.name,
        "unreadable": unreadable,
    }
    write_json(draft.folder / "imageset.json", manifest)
    draft.finish()
