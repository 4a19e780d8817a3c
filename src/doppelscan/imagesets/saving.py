"""How a set gets to disk, whole or not at all: `imageset.json`, `images.parquet`, `pixels.zarr`."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from doppelscan.errors import InputError, Problem
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets.drafts import Draft
from doppelscan.imagesets.imageset import ImageSet, Unreadable, by_reason
from doppelscan.imagesets.pixels import ZarrPixels
from doppelscan.imagesets.preparing import prepared
from doppelscan.imagesets.saved import FORMAT, NUMBERS, is_saved, open_saved
from doppelscan.imagesets.versions import code_versions
from doppelscan.settings import Resources
from doppelscan.store import Cache, atomic_file, check_writable, fingerprint, locked, read_json, write_json
from doppelscan.workers import Progress, silent

__all__ = ["cached", "save"]


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
        If `out` is in use for something else, images end up with different shapes, none is left, or a column of the
        table is named as one that a set on disk has of its own.
    """
    preparation = preparation or Preparation()
    made_from = {"source": images.fingerprint, "preparation": preparation.to_json()}
    out = Path(os.path.realpath(out))
    if not _in_use(out):
        check_writable(out)
        _check_columns(images)
        _check_shapes(images, preparation)
        with locked(out):
            if not _in_use(out):  # another process may have made it meanwhile
                draft = Draft.begin(out, made_from, _stored_as(images, preparation))
                _write(draft, images, preparation, resources or Resources(), progress)
    return _same_or_refused(out, made_from)


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
    key = {
        "source": images.fingerprint,
        "unreadable": [[one.where, one.reason] for one in images.unreadable],
        "preparation": preparation.to_json(),
        "versions": code_versions(),
    }
    kept = save(
        images,
        Cache.default().path("sets", key),
        preparation=preparation,
        resources=resources,
        progress=progress,
    )
    return replace(
        kept,
        name=images.name,
        source=images.content,
        patients_from=images.patients_from,
        stretched=Counter(filter(None, map(preparation.stretch, images.pixels.shapes))),
    )


def _in_use(out: Path) -> bool:
    return out.exists() and (not out.is_dir() or any(out.iterdir()))


def _same_or_refused(out: Path, made_from: dict[str, Any]) -> ImageSet:
    """The set in `out` if it is the very one that is asked for."""
    if is_saved(out) and read_json(out / "imageset.json", expected=FORMAT)["made_from"] == made_from:
        return open_saved(out)
    raise InputError(Problem("exists and holds something else", where=str(out), cure="name another folder"))


def _check_columns(images: ImageSet) -> None:
    """Refuse columns of the user's that would be taken for how the stored pixels are read."""
    if taken := [name for name in NUMBERS if name in images.table]:
        what = f"its table has columns named {', '.join(taken)}, which a set has for its pixels"
        raise InputError(Problem(what, where=images.name, cure="name them otherwise"))


def _check_shapes(images: ImageSet, preparation: Preparation) -> None:
    """Refuse at once, before anything is written, what will not come out equal."""
    if preparation.is_identity:
        _ = images.shape
    if preparation.slices is None and len({len(shape) for shape in images.pixels.shapes}) > 1:
        cure = "cut the volumes with --slices, or prepare them apart"
        raise InputError(Problem("holds films and volumes", where=images.name, cure=cure))


def _stored_as(images: ImageSet, preparation: Preparation) -> np.dtype[np.generic]:
    return np.dtype(np.uint8) if preparation.intensity != "none" else images.pixels.dtype


def _write(
    draft: Draft, images: ImageSet, preparation: Preparation, resources: Resources, progress: Progress
) -> None:
    try:
        _fill(draft, images, preparation, resources, progress)
        _write_table(draft, images)
    except InputError:  # the same call can only come to the same end
        draft.discard()
        raise
    except OSError as error:  # a full disk does not say where it is
        error.filename = error.filename or str(draft.folder)
        raise
    draft.finish()


def _fill(
    draft: Draft, images: ImageSet, preparation: Preparation, resources: Resources, progress: Progress
) -> None:
    committed = draft.shards()
    start = committed[-1]["stop"] if committed else 0
    row = sum(len(shard["rows"]) for shard in committed)
    shards = prepared(
        images.pixels,
        preparation,
        name=images.name,
        start=start,
        into=draft.pixels,
        resources=resources,
        progress=progress,
    )
    for shard in shards:
        row = draft.add(shard, row)


def _write_table(draft: Draft, images: ImageSet) -> None:
    shards = draft.shards()
    rows = pd.DataFrame([row for shard in shards for row in shard["rows"]], columns=["source", "k", *NUMBERS])
    ids = images.table["id"].to_numpy()
    failed = [Unreadable(str(ids[source]), why) for shard in shards for source, why in shard["unreadable"]]
    unreadable = [*images.unreadable, *failed]
    if rows.empty:
        raise InputError(
            [
                Problem("holds no image that can be prepared", where=images.name),
                *by_reason(unreadable)[:20],
            ]
        )
    table = images.table.iloc[rows["source"].to_numpy(int)].reset_index(drop=True)
    suffix = ["" if pd.isna(k) else f"#{int(k)}" for k in rows["k"]]
    table = pd.concat([table.assign(id=table["id"] + suffix), rows[NUMBERS]], axis=1)
    with atomic_file(draft.folder / "images.parquet") as path:
        table.to_parquet(path, index=False)
    manifest = {
        "format": FORMAT,
        "n": len(table),
        "fingerprint": fingerprint(draft.plan),
        "made_from": draft.plan,
        "source": images.name,
        "unreadable": [[one.where, one.reason] for one in unreadable],
        "patients_from": list(images.patients_from),
    }
    write_json(draft.folder / "imageset.json", manifest)
