"""Which images of a set are there twice, and which one of each group stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from doppelscan.search.blocks import Blocks, as_blocks
from doppelscan.search.pairs import pairs_above
from doppelscan.search.plan import Plan
from doppelscan.settings import Resources
from doppelscan.store import fingerprint

__all__ = ["Duplicates", "find_duplicates", "first_identical"]


@dataclass(frozen=True)
class Duplicates:
    """Pairs of images that show the same, and the groups that they make.

    Attributes
    ----------
    first, second
        The pairs, `first` < `second`, in that order. Of several identical images each is paired with the
        first of them, and near pairs are told between those first ones: nothing is told twice.
    exact
        Whether the pixels are identical; otherwise the pair correlates at least as the threshold says.
    scores
        Pearson correlations; NaN for identical constant images.
    group
        For each image of the set the first image of its group; an image without duplicates is a group
        of its own. A group is linked by pairs: its farthest images may correlate less than the threshold.
    """

    first: Int64[np.ndarray, "p"]
    second: Int64[np.ndarray, "p"]
    exact: Bool[np.ndarray, "p"]
    scores: Float64[np.ndarray, "p"]
    group: Int64[np.ndarray, "n"]

    @property
    def keep(self) -> Bool[np.ndarray, "n"]:
        """The first image of each group: what stays when duplicates go."""
        return np.asarray(self.group == np.arange(len(self.group)))

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The groups of two images or more, each in order, by their first image."""
        heads, sizes = np.unique(self.group, return_counts=True)
        return tuple(tuple(np.flatnonzero(self.group == head).tolist()) for head in heads[sizes > 1])


def find_duplicates(
    images: Blocks | Shaped[np.ndarray, "n c *space"],
    threshold: float = 0.999,
    *,
    resources: Resources | None = None,
    progress: Callable[[int], None] | None = None,
) -> Duplicates:
    """The images with identical pixels, and those that correlate at least `threshold`.

    `progress` is told after each step how many more pairs have been compared, of `n * (n - 1) // 2`.
    What is refused is what `pairs_above` refuses.
    """
    images = as_blocks(images)
    original, constant = first_identical(images, resources)
    itself = np.arange(len(images))
    near = pairs_above(images, threshold, among=original == itself, resources=resources, progress=progress)
    again = np.flatnonzero(original != itself)
    first, second = np.concatenate([original[again], near.first]), np.concatenate([again, near.second])
    scores = np.concatenate([np.where(constant[again], np.nan, 1.0), near.scores])
    order = np.lexsort((second, first))
    exact = order < len(again)
    return Duplicates(first[order], second[order], exact, scores[order], _linked(first, second, len(images)))


def first_identical(
    images: Blocks, resources: Resources | None = None
) -> tuple[Int64[np.ndarray, "n"], Bool[np.ndarray, "n"]]:
    """For each image the first one with the same pixels; and whether the image is constant."""
    original, constant = np.empty(len(images), dtype=np.int64), np.empty(len(images), dtype=bool)
    seen: dict[str, int] = {}
    size = Plan.of(resources, images).size if len(images) else 1
    for start in range(0, len(images), size):
        for i, pixels in enumerate(images.read(start, min(start + size, len(images))), start):
            original[i] = seen.setdefault(_content(pixels), i)
            constant[i] = not pixels.size or (pixels == pixels.flat[0]).all()
    return original, constant


def _content(pixels: Shaped[np.ndarray, "c *space"]) -> str:
    return fingerprint(f"{pixels.dtype.str}{pixels.shape}".encode() + pixels.tobytes())


def _linked(first: Int64[np.ndarray, "p"], second: Int64[np.ndarray, "p"], n: int) -> Int64[np.ndarray, "n"]:
    """For each of n images the first image that pairs link it to, over however many steps."""
    links = coo_array((np.ones(len(first), dtype=bool), (first, second)), shape=(n, n))
    _, label = connected_components(links, directed=False)
    _, head = np.unique(label, return_index=True)
    return np.asarray(head[label], dtype=np.int64)
