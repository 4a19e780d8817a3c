"""A set's images, prepared one after the other in shards that worker processes make."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from doppelscan.errors import UnreadableImage
from doppelscan.images.intensity import check_finite
from doppelscan.images.preparation import Piece, Preparation
from doppelscan.imagesets.chunks import Chunks, power_of_two
from doppelscan.imagesets.headers import refuse_unseen
from doppelscan.imagesets.pixels import FilePixels, MadeInBatches, Pixels
from doppelscan.settings import Resources
from doppelscan.workers import Needs, Progress, counted, elsewhere, map_ordered

__all__ = ["Prepared", "prepared"]

_SHARD_BYTES = 16 * 2**20  # of source pixels: what travels between processes, and what an interruption costs
_SHARD_IMAGES = 128


@dataclass(frozen=True)
class Prepared:
    """What became of the source's images from `start` to `stop`; `unreadable` are positions and reasons.

    Each image made has a row: the position of its `source` and, where it is a slice, the number `k` of that, and
    how its stored pixels are read. Of `pixels` there are as many, in memory or already on disk.
    """

    start: int
    stop: int
    rows: list[dict[str, Any]]
    pixels: list[Shaped[np.ndarray, "_ ..."]] | Chunks
    unreadable: list[tuple[int, str]]


def prepared(
    images: Pixels,
    preparation: Preparation,
    *,
    name: str,
    start: int,
    into: Chunks,
    resources: Resources,
    progress: Progress,
) -> Iterator[Prepared]:
    """The shards from source image `start` on, in order, whatever the number of workers.

    Child processes may leave pixels on disk: each shard in its own folder in that of `into`. From the machines of
    a cluster, who need not see that folder, pixels travel; there also images are made that are made in batches.
    """
    size = _shard_size(images)
    starts = range(start, len(images), size)
    if elsewhere() and isinstance(images, MadeInBatches):
        made, needs = partial(_made, images, preparation, size), Needs(gpu=images.on_gpu)
        shards = map_ordered(made, starts, workers=elsewhere(), needs=needs)
    else:
        decoding = isinstance(images, FilePixels) or not preparation.is_identity
        workers = min(resources.workers, len(starts) // 2) if decoding else 1
        place = into if workers > 1 and not elsewhere() else None
        tasks = (_task(images, first, size, preparation, place) for first in starts)
        shards = (_seen(shard, images) for shard in map_ordered(_prepare, tasks, workers=workers))
    yield from counted(shards, f"reading {name}", len(starts), progress)


@dataclass(frozen=True)
class _Task:
    start: int
    pixels: Pixels
    preparation: Preparation
    into: Chunks | None


def _task(images: Pixels, first: int, size: int, preparation: Preparation, place: Chunks | None) -> _Task:
    return _Task(first, images.take(_span(first, size, len(images))), preparation, place)


def _made(images: Pixels, preparation: Preparation, size: int, first: int) -> Prepared:
    """A shard of images that are sent whole to each machine: what makes them is large, and they are many."""
    return _prepare(_task(images, first, size, preparation, None))


def _seen(shard: Prepared, images: Pixels) -> Prepared:
    if isinstance(images, FilePixels):
        for source, reason in shard.unreadable:
            refuse_unseen(reason, Path(images.entries[source].file))
    return shard


def _prepare(task: _Task) -> Prepared:
    rows: list[dict[str, Any]] = []
    pixels: list[Shaped[np.ndarray, "_ ..."]] = []
    unreadable: list[tuple[int, str]] = []
    for offset in range(len(task.pixels)):
        source = task.start + offset
        try:
            image = task.pixels.image(offset)
            check_finite(image)
            pieces = list(task.preparation.apply(image))
            rows.extend(_row(source, piece) for piece in pieces)
            pixels.extend(piece.image.stored for piece in pieces)
        except UnreadableImage as error:
            unreadable.append((source, error.reason))
    stop = task.start + len(task.pixels)
    return Prepared(task.start, stop, rows, _left_on_disk(task, pixels) or pixels, unreadable)


def _row(source: int, piece: Piece) -> dict[str, Any]:
    image = piece.image
    spacing = None if image.spacing_mm is None else list(image.spacing_mm)
    return {
        "source": source,
        "k": piece.k,
        "slope": image.slope,
        "intercept": image.intercept,
        "spacing_mm": spacing,
    }


def _left_on_disk(task: _Task, pixels: list[Shaped[np.ndarray, "_ ..."]]) -> Chunks | None:
    """The pixels where they were written; None where they fill no block, or differ in shape."""
    if task.into is None or len({one.shape for one in pixels}) != 1:
        return None
    if len(pixels) < task.into.in_a_block(pixels[0].shape):
        return None
    place = Chunks(task.into.path.with_name(f"{task.into.path.name}.{task.start:012d}"), task.into.dtype)
    place.discard()  # what a killed run has left
    place.write(0, pixels)
    return place


def _shard_size(images: Pixels) -> int:
    """Images a shard, the same on every machine, so that an interrupted run can go on elsewhere."""
    if isinstance(images, MadeInBatches):
        return images.at_once
    largest = max((math.prod(shape) for shape in images.shapes), default=1) * images.dtype.itemsize
    return min(power_of_two(_SHARD_BYTES // max(largest, 1)), _SHARD_IMAGES)


def _span(first: int, size: int, total: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.arange(first, min(first + size, total))
