"""Images that agree once they are aligned, of candidates that other witnesses name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64

from doppelscan.audit.witnesses.witness import Exclude, Kind, Matcher, Witness, fisher_z
from doppelscan.imagesets import ImageSet
from doppelscan.registration import AlignmentSettings, align
from doppelscan.search import Blocks, Neighbours
from doppelscan.search.neighbours import merged, nobody
from doppelscan.settings import Resources
from doppelscan.store import fingerprint
from doppelscan.workers import Progress

__all__ = ["Aligned"]

_VERSION = 2  # of what alignment gives; part of the key of whatever is kept


@dataclass(frozen=True, eq=False)
class Aligned:
    """Alignment by a pose, an affine map and a bend as the judge of candidates, a few from each naming witness."""

    naming: tuple[Witness, ...]
    settings: AlignmentSettings = field(default_factory=AlignmentSettings)
    n_candidates: int = 4
    kinds: tuple[Kind, ...] = (Kind("aligned", fisher_z),)

    @property
    def key(self) -> str:
        """Who names candidates, and how these are aligned."""
        naming = [witness.key for witness in self.naming]
        return fingerprint(["aligned", _VERSION, self.n_candidates, self.settings.to_json(), naming])

    @property
    def learnt(self) -> bool:
        """Whether one of those who name candidates was."""
        return any(witness.learnt for witness in self.naming)

    def against(self, images: ImageSet, resources: Resources, progress: Progress) -> _AlignedWith:
        """The images, and those who name some of them."""
        naming = tuple(witness.against(images, resources, progress) for witness in self.naming)
        return _AlignedWith(self, images, naming)


@dataclass(frozen=True, eq=False)
class _AlignedWith:
    """A set, and those who name candidates in it."""

    witness: Aligned
    images: ImageSet
    naming: tuple[Matcher, ...]

    def named(
        self,
        queries: Blocks,
        k: int,
        exclude: Exclude | None,
        resources: Resources,
        progress: Callable[[int], None] | None,
    ) -> tuple[Neighbours, ...]:
        """The k candidates that agree best with each query once aligned with it."""
        n = max(k, self.witness.n_candidates)
        found = [one for by in self.naming for one in by.named(queries, n, exclude, resources, None)]
        rows, columns = _candidates(found)
        aligned = align(
            self.images,
            queries,
            pairs=(columns, rows),
            settings=self.witness.settings,
            device="cpu" if resources.device == "auto" else resources.device,
        )
        if progress:
            progress(len(queries) * len(self.images))
        nothing = np.zeros_like(rows)
        return (merged(nobody(len(queries), k), rows, columns, aligned.score, nothing),)


def _candidates(
    found: Sequence[Neighbours],
) -> tuple[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"]]:
    """Each pair of a query and a candidate once, in order."""
    columns = np.concatenate([one.indices for one in found], axis=1)
    rows = np.broadcast_to(np.arange(len(columns))[:, None], columns.shape)
    pairs = np.unique(np.stack([rows[columns >= 0], columns[columns >= 0]]), axis=1)
    return pairs[0], pairs[1]
