"""A set's images, prepared one after the other in shards that worker processes make."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from doppelscan.errors import UnreadableImage
from doppelscan.images import Image
from doppelscan.images.intensity import check_finite
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets.imageset import ImageSet
from doppelscan.imagesets.pixels import FilePixels, MadeInBatches, Pixels
from doppelscan.settings import Resources
from doppelscan.workers import Progress, counted, map_ordered

__all__ = ["Prepared", "PreparedImage", "power_of_two", "prepared"]

_SHARD_BYTES = 16 * 2**20  # of source pixels: what travels between processes, and what an interruption costs
_SHARD_IMAGES = 128


@dataclass(frozen=True)
class PreparedImage:
    """One image made from the source's image at `source`; `k` is its slice, None where it is the whole."""

    source: int
    k: int | None
    image: Image


@dataclass(frozen=True)
class Prepared:
    """What became of the source's images from `start` to `stop`; `unreadable` are positions and reasons."""

    start: int
    stop: int
    images: list[PreparedImage]
    unreadable: list[tuple[int, str]]


def prepared(
    images: ImageSet, preparation: Preparation, *, start: int, resources: Resources, progress: Progress
) -> Iterator[Prepared]:
    """The shards from source image `start` on, in order, whatever the number of workers."""
    size = _shard_size(images)
    starts = range(start, len(images), size)
    tasks = (
        _Task(first, images.pixels.take(_span(first, size, len(images))), preparation) for first in starts
    )
    decoding = isinstance(images.pixels, FilePixels) or not preparation.is_identity
    workers = min(resources.workers, len(starts) // 2) if decoding else 1
    shards = map_ordered(_prepare, tasks, workers=workers)
    yield from counted(shards, f"reading {images.name}", len(starts), progress)


def power_of_two(n: int) -> int:
    """The largest power of two up to n, and 1 at least: shards of so many images end where chunks do."""
    return 1 << max(n, 1).bit_length() - 1


@dataclass(frozen=True)
class _Task:
    start: int
    pixels: Pixels
    preparation: Preparation


def _prepare(task: _Task) -> Prepared:
    done = Prepared(task.start, task.start + len(task.pixels), [], [])
    for offset in range(len(task.pixels)):
        source = task.start + offset
        try:
            image = task.pixels.image(offset)
            check_finite(image)
            done.images.extend(PreparedImage(source, p.k, p.image) for p in task.preparation.apply(image))
        except UnreadableImage as error:
            done.unreadable.append((source, error.reason))
    return done


def _shard_size(images: ImageSet) -> int:
    """Images a shard, the same on every machine, so that an interrupted run can go on elsewhere."""
    if isinstance(images.pixels, MadeInBatches):
        return images.pixels.at_once
    largest = (
        max((math.prod(shape) for shape in images.pixels.shapes), default=1) * images.pixels.dtype.itemsize
    )
    return min(power_of_two(_SHARD_BYTES // max(largest, 1)), _SHARD_IMAGES)


def _span(first: int, size: int, total: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.arange(first, min(first + size, total))
