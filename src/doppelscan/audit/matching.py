"""How well images match the training set, and how much better than they match patients held out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from doppelscan.audit.judging import Judge
from doppelscan.audit.neighbours import Exclude, Search
from doppelscan.audit.spaces import PIXELS, Space
from doppelscan.imagesets import ImageSet
from doppelscan.search import Blocks, Kept, Neighbours
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["Matched", "References", "fisher_z"]

Names = np.ndarray[tuple[int], np.dtype[np.object_]]

_NEAREST_TO_ONE = 1 - 1e-9  # where Fisher's z is cut off: 10.7


@dataclass(frozen=True, eq=False)
class Matched:
    """The best training matches of m images, and their best score among held-out images.

    `holdout_score` is None where there is no holdout; scores are NaN, and indices -1, where undefined.
    """

    indices: Int64[np.ndarray, "m k"]
    scores: Float64[np.ndarray, "m k"]
    holdout_score: Float64[np.ndarray, " m"] | None

    @property
    def score(self) -> Float64[np.ndarray, " m"]:
        """The best score among training images."""
        return self.scores[:, 0]

    @property
    def best(self) -> Int64[np.ndarray, " m"]:
        """The best training image."""
        return self.indices[:, 0]

    @property
    def statistic(self) -> Float64[np.ndarray, " m"]:
        """The margin on Fisher's z scale; without a holdout, z of the best score itself.

        Images without detail match everything, trained on or not; the margin takes that away.
        """
        z = fisher_z(self.score)
        return z if self.holdout_score is None else z - fisher_z(self.holdout_score)


@dataclass(frozen=True, eq=False)
class References:
    """What images are matched against: the training set and, where there is one, a holdout.

    Attributes
    ----------
    holdout
        The held-out images that the best training match is compared with.
    unseen
        The held-out images that nothing was learnt from: the null and the novel controls are made of them.
        The holdout itself if None.
    spaces
        What the correlations are of: pixels, or what an encoder makes of them.
    judge
        What scores the candidates that all spaces name; None where the one space's correlations are the scores.
    kept
        Either set, by identity, in each space, as the search has it in memory.
    """

    train: ImageSet
    holdout: ImageSet | None
    resources: Resources
    progress: Progress
    unseen: ImageSet | None = None
    spaces: tuple[Space, ...] = (PIXELS,)
    judge: Judge | None = None
    kept: Mapping[int, tuple[tuple[Space, Kept], ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        sets = [images for images in (self.train, self.holdout) if images is not None]
        kept = {id(images): self.kept.get(id(images)) or self._keep(images) for images in sets}
        object.__setattr__(self, "kept", kept)
        object.__setattr__(self, "unseen", self.holdout if self.unseen is None else self.unseen)

    @property
    def learnt(self) -> bool:
        """Whether something was learnt from these images, so that they are no fair null."""
        return any(space.learnt for space in self.spaces)

    def patients(self, images: ImageSet) -> Int64[np.ndarray, " n"]:
        """The patients of one of these sets, by numbers that all of them share, the training set's first."""
        return self._numbered[0][id(images)]

    def match(
        self,
        queries: Blocks,
        work: str,
        *,
        k: int = 1,
        train_exclude: Exclude | None = None,
        holdout_exclude: Exclude | None = None,
    ) -> Matched:
        """The best matches of every query; `exclude` leaves out pairs of one group, as `search.nearest` does."""
        found = self._nearest(queries, self.train, k, train_exclude, f"{work}: training images")
        if self.holdout is None:
            return Matched(found.indices, found.scores, None)
        held = self._nearest(queries, self.holdout, 1, holdout_exclude, f"{work}: held-out images")
        return Matched(found.indices, found.scores, held.scores[:, 0])

    def names(self, patients: Int64[np.ndarray, " k"]) -> frozenset[str]:
        """Who the patients of these numbers are, in all references to the same images."""
        return frozenset(self._numbered[1][patients])

    def numbers(self, names: Collection[str]) -> Int64[np.ndarray, " k"]:
        """The numbers of the patients named, of whom some may not be here."""
        return np.flatnonzero(np.isin(self._numbered[1], list(names)))

    def without_held_out(self, names: Collection[str]) -> References:
        """The references without these patients, if they are held out."""
        if self.holdout is None or not names:
            return self
        holdout = self._without(self.holdout, names)
        unseen = None if self.unseen is self.holdout else self._without(self.unseen, names)
        return replace(self, holdout=holdout, unseen=unseen)

    def _without(self, images: ImageSet | None, names: Collection[str]) -> ImageSet:
        assert images is not None, "there is a holdout"
        return images.take(np.flatnonzero(~np.isin(self.patients(images), self.numbers(names))))

    @cached_property
    def _numbered(self) -> tuple[Mapping[int, Int64[np.ndarray, " n"]], Names]:
        """The patients' numbers by set, and their names by number."""
        sets = {
            id(images): images for images in (self.train, self.holdout, self.unseen) if images is not None
        }
        keys = [_keys(images, trained=images is self.train) for images in sets.values()]
        numbers, names = pd.factorize(np.concatenate(keys))
        ends = np.cumsum([len(part) for part in keys])[:-1]
        return dict(zip(sets, np.split(numbers.astype(np.int64), ends), strict=True)), names

    def _keep(self, images: ImageSet) -> tuple[tuple[Space, Kept], ...]:
        encoded = (space.encoded(images, self.resources, self.progress) for space in self.spaces)
        return tuple(zip(self.spaces, map(Kept, encoded), strict=True))

    def _nearest(
        self, queries: Blocks, references: ImageSet, k: int, exclude: Exclude | None, work: str
    ) -> Neighbours:
        search = Search(references, self.kept[id(references)], self.judge, k, exclude)
        if isinstance(queries, ImageSet) and len(queries):
            return search.run(queries, work, self.resources, self.progress)
        return search.once(queries, self.resources)


def _keys(images: ImageSet, *, trained: bool) -> Names:
    """Who each image shows: its patient or, where that is unknown, the image itself."""
    known = images.table["patient"]
    itself = f"\0{trained}" + images.table["id"]
    return np.asarray(known.where(known.notna(), itself), dtype=object)


def fisher_z(correlation: Float64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
    """Fisher's z, on which correlations near 1 keep their distance; cut off at 1 - 1e-9."""
    return np.asarray(np.arctanh(np.clip(correlation, -_NEAREST_TO_ONE, _NEAREST_TO_ONE)))
