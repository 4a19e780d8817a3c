"""A set half written: shard after shard, each committed by one small file, so that a killed run can go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets.chunks import Chunks
from doppelscan.imagesets.preparing import Prepared
from doppelscan.store import write_text
from doppelscan.store.atomic import sync_tree
from doppelscan.store.hidden import beside

__all__ = ["Draft"]


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
        return beside(self.target, "partial")

    @property
    def pixels(self) -> Chunks:
        """Where its pixels are."""
        return Chunks(self.folder / "pixels.zarr", self.dtype)

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
        if shard.rows:
            self._refuse_other_shapes(shard)
            self._store(shard.pixels, first_row)
        content = {name: getattr(shard, name) for name in ("start", "stop", "rows", "unreadable")}
        write_text(self.folder / "shards" / f"{shard.start:012d}.json", json.dumps(content))
        return first_row + len(shard.rows)

    def finish(self) -> None:
        """Make it the set: on disk, without what only a draft needs or killed writes left, under its name.

        The plan goes before the shards, so that what is left of these is never taken for all of them.
        """
        if (shape := self.pixels.shape) is not None:
            self.pixels.grow(sum(len(shard["rows"]) for shard in self.shards()), shape)
        for left in self.folder.glob("pixels.zarr.*"):
            shutil.rmtree(left)
        sync_tree(self.folder)
        (self.folder / "plan.json").unlink()
        shutil.rmtree(self.folder / "shards")
        for pattern in (".*.draft", "pixels.zarr/**/*.partial"):
            for litter in self.folder.glob(pattern):
                litter.unlink()
        if self.target.exists():
            self.target.rmdir()
        self.folder.replace(self.target)

    def discard(self) -> None:
        """Remove the draft."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _refuse_other_shapes(self, shard: Prepared) -> None:
        """Raise InputError where an image has another shape than those before it."""
        by_image = (
            [one.shape for one in shard.pixels] if isinstance(shard.pixels, list) else [shard.pixels.shape]
        )
        expected = self.pixels.shape or by_image[0]
        for row, found in zip(shard.rows, by_image, strict=False):
            if found is not None and expected is not None and found != expected:
                cure = (
                    "give --size so that all come out equal"
                    if found[0] == expected[0]
                    else "give --channels grey"
                )
                what = f"image {row['source']} comes out as {found}, those before it as {expected}"
                raise InputError(Problem(what, cure=cure))

    def _store(self, pixels: list[np.ndarray] | Chunks, first_row: int) -> None:
        """Write the pixels, or move them where a child process has written them."""
        if isinstance(pixels, list):
            self.pixels.write(first_row, pixels)
            return
        if not self.pixels.take_over(pixels, first_row):
            self.pixels.write(first_row, list(pixels.read()))
        pixels.discard()
