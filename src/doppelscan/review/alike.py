"""Which pairs are laid onto each other? All of a queue as the run's own were, or a control would be told by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from doppelscan.errors import UnreadableImage
from doppelscan.findings import aligned_pairs
from doppelscan.images import Image
from doppelscan.images.placement import Placement
from doppelscan.imagesets import ImageSet
from doppelscan.review.images import Images
from doppelscan.review.queue import QueuedPair
from doppelscan.review.verdicts import PairKey
from doppelscan.workers import Progress, counted, silent

__all__ = ["Align", "laid_alike"]

Align = Callable[[ImageSet, ImageSet], pd.DataFrame]
"""The audit's own alignment of the images of the same position: the table that a run holds."""

_AT_ONCE = 8  # pairs in memory

Pair = tuple[PairKey, Image, Image]


def laid_alike(
    queue: tuple[QueuedPair, ...],
    images: Images,
    alignments: pd.DataFrame,
    align: Align,
    progress: Progress = silent,
) -> Mapping[PairKey, Placement]:
    """How each training image lies on the image beside it: as the run says, or as `align` finds now.

    Nothing where the run aligned no pair: then none is to be. A pair that cannot be read is left out.
    """
    known = aligned_pairs(alignments)
    if not known:
        return {}
    laid, left = {}, []
    for pair in queue:
        found = None if pair.key.control else known.get(pair.key.synthetic_id)
        if found is not None and found.train_id == pair.key.train_id:
            laid[pair.key] = found.placement
        else:
            left.append(pair)
    stream = counted(left, "aligning pairs", len(left), progress)
    for batch in _batches(_readable(stream, images)):
        laid |= _aligned(batch, align)
    return laid


def _readable(pairs: Iterable[QueuedPair], images: Images) -> Iterator[Pair]:
    for pair in pairs:
        try:
            yield pair.key, *images(pair)
        except UnreadableImage:
            continue


def _batches(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """A few at a time, those of a batch of one type: none is changed by what it is aligned with."""
    open_batches: dict[tuple[object, ...], list[Pair]] = {}
    for pair in pairs:
        kind = tuple((image.pixels.dtype, image.pixels.shape) for image in pair[1:])
        batch = open_batches.setdefault(kind, [])
        batch.append(pair)
        if len(batch) == _AT_ONCE:
            yield open_batches.pop(kind)
    yield from open_batches.values()


def _aligned(batch: list[Pair], align: Align) -> dict[PairKey, Placement]:
    keys, firsts, trainings = zip(*batch, strict=True)
    sides = (ImageSet.from_arrays(np.stack([image.pixels for image in side])) for side in (firsts, trainings))
    found = aligned_pairs(align(*sides))  # by number: names of controls repeat
    return {key: found[f"{number:06d}"].placement for number, key in enumerate(keys)}
