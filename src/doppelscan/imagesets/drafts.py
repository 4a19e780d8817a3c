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
from doppelscan.imagesets.preparing import Prepared, PreparedImage
from doppelscan.store import write_text

__all__ = ["Draft"]

_CHUNK_BYTES = 4 * 2**20  # of pixels, before compression


@dataclass(frozen=True)
class Draft:
    """A folder that becomes a set when its last shard is in; `dtype` is what its pixels are stored as."""

    folder: Path
    dtype: np.dtype[np.generic]

    @staticmethod
    def begin(folder: Path, plan: Mapping[str, Any], dtype: np.dtype[np.generic]) -> Draft:
        """An empty draft, or the one that an interrupted call with the same plan left."""
        kept = folder / "plan.json"
        if not (kept.exists() and json.loads(kept.read_text(encoding="utf-8")) == plan):
            shutil.rmtree(folder, ignore_errors=True)
            (folder / "shards").mkdir(parents=True)
            write_text(kept, json.dumps(plan))
        return Draft(folder, dtype)

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
        """Remove what only a draft needs."""
        shutil.rmtree(self.folder / "shards")
        (self.folder / "plan.json").unlink()

    def _array(self, first: PreparedImage) -> zarr.Array[Any]:
        path = self.folder / "pixels.zarr"
        if (path / "zarr.json").exists():
            return zarr.open_array(path, mode="r+")
        shape = first.image.stored.shape
        per_chunk = max(1, _CHUNK_BYTES // max(1, int(np.prod(shape)) * self.dtype.itemsize))
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
        cure = "give --size so that all come out equal"
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
