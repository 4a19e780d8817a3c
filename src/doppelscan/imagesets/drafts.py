"""A set half written: shard after shard, each committed by one small file, so that a killed run can go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets.preparing import Prepared, PreparedImage, power_of_two
from doppelscan.store import write_text
from doppelscan.store.atomic import sync_tree

__all__ = ["Draft"]

_CHUNK_BYTES = 4 * 2**20  # of pixels, before compression


@dataclass(frozen=True)
class Draft:
    """A folder that becomes the set `target` when its last shard is in.

    `plan` is what the set is made from, `dtype` what its pixels are stored as.
    """

    target: Path
    plan: Mapping[str, Any]
    dtype: np.dtype[np.generic]

    @staticmethod
    def begin(target: Path, plan: Mapping[str, Any], dtype: np.dtype[np.generic]) -> Draft:
        """An empty draft, or the one that an interrupted call with the same plan left."""
        draft = Draft(target, plan, dtype)
        kept = draft.folder / "plan.json"
        if not (kept.exists() and json.loads(kept.read_text(encoding="utf-8")) == plan):
            draft.discard()
            (draft.folder / "shards").mkdir(parents=True)
            write_text(kept, json.dumps(plan))
        return draft

    @property
    def folder(self) -> Path:
        """Where it is until it is whole: beside its target, hidden."""
        return self.target.with_name(f".{self.target.name}.partial")

    def shards(self) -> list[dict[str, Any]]:
        """What was committed, in order: `start`, `stop`, `rows` and `unreadable` of each shard."""
        files = sorted((self.folder / "shards").glob("*.json"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in files]

    def add(self, shard: Prepared, first_row: int) -> int:
        """Write a shard's images from row `first_row` on and commit it; the row after its last.

        Raises
        ------
        InputError
            If an image has another shape than those before it.
        """
        end = first_row + len(shard.images)
        if shard.images:
            with zarr.config.set({"array.write_empty_chunks": True}):  # a chunk that is absent was lost
                array = self._array(shard.images[0])
                stored = [_of_shape(array.shape[1:], one) for one in shard.images]
                array.resize((end, *array.shape[1:]))
                array[first_row:end] = np.stack(stored)
        content = {
            "start": shard.start,
            "stop": shard.stop,
            "rows": [_row(one) for one in shard.images],
            "unreadable": shard.unreadable,
        }
        write_text(self.folder / "shards" / f"{shard.start:012d}.json", json.dumps(content))
        return end

    def finish(self) -> None:
        """Make it the set: on disk, without what only a draft needs or killed writes left, under its name.

        The plan goes before the shards, so that what is left of these is never taken for all of them.
        """
        sync_tree(self.folder)
        (self.folder / "plan.json").unlink()
        shutil.rmtree(self.folder / "shards")
        for pattern in (".draft-*", "pixels.zarr/**/*.partial"):
            for litter in self.folder.glob(pattern):
                litter.unlink()
        if self.target.exists():
            self.target.rmdir()
        self.folder.replace(self.target)

    def discard(self) -> None:
        """Remove the draft."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _array(self, first: PreparedImage) -> zarr.Array[Any]:
        path = self.folder / "pixels.zarr"
        if (path / "zarr.json").exists():
            return zarr.open_array(path, mode="r+")
        shape = first.image.stored.shape
        per_chunk = power_of_two(_CHUNK_BYTES // max(1, int(np.prod(shape)) * self.dtype.itemsize))
        return zarr.create_array(
            path,
            shape=(0, *shape),
            chunks=(per_chunk, *shape),
            dtype=self.dtype,
            compressors=BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle"),
        )


def _of_shape(shape: tuple[int, ...], one: PreparedImage) -> np.ndarray:
    found = one.image.stored.shape
    if found != shape:
        cure = "give --size so that all come out equal" if found[0] == shape[0] else "give --channels grey"
        raise InputError(
            Problem(f"image {one.source} comes out as {found}, those before it as {shape}", cure=cure)
        )
    return one.image.stored


def _row(one: PreparedImage) -> dict[str, Any]:
    image = one.image
    spacing = None if image.spacing_mm is None else list(image.spacing_mm)
    return {
        "source": one.source,
        "k": one.k,
        "slope": image.slope,
        "intercept": image.intercept,
        "spacing_mm": spacing,
    }
