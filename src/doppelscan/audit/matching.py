"""How well images match the training set, and how much better than they match patients held out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from jaxtyping import Int64

from doppelscan.audit.matched import Matched, Yardstick, by_one_kind, by_several_kinds
from doppelscan.audit.neighbours import Search
from doppelscan.audit.witnesses import Correlated, Exclude, Kind, Matcher, Witness
from doppelscan.imagesets import ImageSet
from doppelscan.search import Blocks, Neighbours
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["References"]

Names = np.ndarray[tuple[int], np.dtype[np.object_]]


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
    witnesses
        Who says how like two images are; where there are several, the correlation of pixels is the first.
    yardstick
        What is ordinary in each kind of evidence; None where there is one kind only.
    measured
        The training patients whom the yardstick was taken from, by name: they are in no null.
    seen
        Either set, by identity, as each witness has seen it.
    """

    train: ImageSet
    holdout: ImageSet | None
    resources: Resources
    progress: Progress
    unseen: ImageSet | None = None
    witnesses: tuple[Witness, ...] = (Correlated(),)
    yardstick: Yardstick | None = None
    measured: frozenset[str] = frozenset()
    seen: Mapping[int, tuple[tuple[Witness, Matcher], ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        sets = [images for images in (self.train, self.holdout) if images is not None]
        seen = {id(images): self.seen.get(id(images)) or self._shown(images) for images in sets}
        object.__setattr__(self, "seen", seen)
        object.__setattr__(self, "unseen", self.holdout if self.unseen is None else self.unseen)

    @property
    def learnt(self) -> bool:
        """Whether something was learnt from these images, so that they are no fair null."""
        return any(witness.learnt for witness in self.witnesses)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of evidence of all witnesses."""
        return tuple(kind for witness in self.witnesses for kind in witness.kinds)

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
        found, held = self.found(
            queries, work, k=k, train_exclude=train_exclude, holdout_exclude=holdout_exclude
        )
        if len(self.kinds) == 1:
            return by_one_kind(found[0], None if held is None else held[0], self.kinds[0])
        assert self.yardstick is not None, "several kinds of evidence need one"
        return by_several_kinds(found, held, self.kinds, self.yardstick)

    def found(
        self,
        queries: Blocks,
        work: str,
        *,
        k: int = 1,
        train_exclude: Exclude | None = None,
        holdout_exclude: Exclude | None = None,
    ) -> tuple[tuple[Neighbours, ...], tuple[Neighbours, ...] | None]:
        """What every kind of evidence names: training images, and the best held-out one, if there is a holdout."""
        found = self._nearest(queries, self.train, k, train_exclude, f"{work}: pairs with training images")
        if self.holdout is None:
            return found, None
        return found, self._nearest(
            queries, self.holdout, 1, holdout_exclude, f"{work}: pairs with held-out images"
        )

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

    def _shown(self, images: ImageSet) -> tuple[tuple[Witness, Matcher], ...]:
        return tuple(
            (witness, witness.against(images, self.resources, self.progress)) for witness in self.witnesses
        )

    def _nearest(
        self, queries: Blocks, references: ImageSet, k: int, exclude: Exclude | None, work: str
    ) -> tuple[Neighbours, ...]:
        search = Search(references, self.seen[id(references)], k, exclude)
        if isinstance(queries, ImageSet) and len(queries):
            return search.run(queries, work, self.resources, self.progress)
        return search.once(queries, self.resources)


def _keys(images: ImageSet, *, trained: bool) -> Names:
    """Who each image shows: its patient or, where that is unknown, the image itself."""
    known = images.table["patient"]
    itself = f"\0{trained}" + images.table["id"]
    return np.asarray(known.where(known.notna(), itself), dtype=object)
