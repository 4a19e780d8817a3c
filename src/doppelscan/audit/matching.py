"""How well images match the training set, and how much better than they match patients held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int64

from doppelscan.audit.neighbours import Exclude, Search
from doppelscan.imagesets import ImageSet
from doppelscan.search import Blocks, Kept, Neighbours, nearest
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["Matched", "References", "fisher_z"]

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
    """What images are matched against: the training set and, where there is one, the holdout.

    `kept` holds either of them, by identity, as the search has it in memory.
    """

    train: ImageSet
    holdout: ImageSet | None
    resources: Resources
    progress: Progress

    kept: Mapping[int, Kept] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        sets = [images for images in (self.train, self.holdout) if images is not None]
        kept = {id(images): self.kept.get(id(images)) or Kept(images) for images in sets}
        object.__setattr__(self, "kept", kept)

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

    def _nearest(
        self, queries: Blocks, references: ImageSet, k: int, exclude: Exclude | None, work: str
    ) -> Neighbours:
        kept = self.kept[id(references)]
        if isinstance(queries, ImageSet) and len(queries):
            return Search(kept, references.pixels.fingerprint, k, exclude, self.resources).run(
                queries, work, self.progress
            )
        return nearest(queries, kept, k, exclude=exclude, resources=self.resources)


def fisher_z(correlation: Float64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
    """Fisher's z, on which correlations near 1 keep their distance; cut off at 1 - 1e-9."""
    return np.asarray(np.arctanh(np.clip(correlation, -_NEAREST_TO_ONE, _NEAREST_TO_ONE)))
