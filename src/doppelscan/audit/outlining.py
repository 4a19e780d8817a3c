"""Is the part that was copied outlined where it lies? Of planted copies, whose parts are known."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Int64

from doppelscan.audit.picturing import aligned
from doppelscan.audit.planted import regions_of
from doppelscan.findings import AlignedPair, aligned_pairs
from doppelscan.images.geometry import resize
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["overlap", "part_overlaps"]


def part_overlaps(
    copies: ImageSet, train: ImageSet, best: Int64[np.ndarray, " n"], resources: Resources, progress: Progress
) -> Float64[np.ndarray, " n"]:
    """How far what a report outlines in each of these partial copies is the part that was planted: 0 to 1.

    `best` is the training image that each is laid under.
    """
    numbered = copies.table.assign(id=[str(number) for number in range(len(copies))])  # sources may repeat
    copies = ImageSet(numbered, copies.pixels)
    table = aligned(copies, train.take(best), resources, progress, work="outlining parts")
    pairs = zip(aligned_pairs(table).values(), regions_of(copies), strict=True)
    return np.array([overlap(pair, region) for pair, region in pairs], dtype=np.float64)


def overlap(pair: AlignedPair, region: Bool[np.ndarray, "*space"]) -> float:
    """What the outlined part and the region have in common, as a share of what either covers; 0 without an outline."""
    if pair.part is None:
        return 0.0
    copied = resize(region[None].astype(np.float32), pair.part.shape)[0] > 0.5
    return float((pair.part & copied).sum() / (pair.part | copied).sum())
