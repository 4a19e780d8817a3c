"""What judges candidates: how well each agrees with the query once the two are aligned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from doppelscan.registration import AlignmentSettings, align
from doppelscan.search import Blocks, Neighbours
from doppelscan.search.neighbours import merged, nobody
from doppelscan.settings import Resources
from doppelscan.store import fingerprint
from doppelscan.workers import Progress

__all__ = ["Judge"]

_VERSION = 1  # of what alignment gives; part of the key of whatever is kept


@dataclass(frozen=True)
class Judge:
    """Alignment as the judge of candidates: each is brought onto the query, by every pose, an affine map and a bend.

    `n_candidates` are taken from each space.
    """

    settings: AlignmentSettings
    n_candidates: int

    @property
    def key(self) -> str:
        """What the scores depend on besides the images."""
        return fingerprint([_VERSION, self.n_candidates, self.settings.to_json()])

    def judged(
        self,
        queries: Blocks,
        references: Blocks,
        found: Sequence[Neighbours],
        k: int,
        resources: Resources,
        progress: Progress,
    ) -> Neighbours:
        """The k of all candidates found that agree best with each query once aligned; `scores` say how well."""
        rows, columns = _candidates(found)
        counted = _Counted(len(rows), progress)
        alignment = align(
            references,
            queries,
            pairs=(columns, rows),
            settings=self.settings,
            device="cpu" if resources.device == "auto" else resources.device,
            progress=counted.add,
        )
        return merged(nobody(len(queries), k), rows, columns, alignment.score, np.zeros_like(rows))


def _candidates(found: Sequence[Neighbours]) -> tuple[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"]]:
    """Each pair of a query and a candidate once, in order."""
    columns = np.concatenate([one.indices for one in found], axis=1)
    rows = np.broadcast_to(np.arange(len(columns))[:, None], columns.shape)
    pairs = np.unique(np.stack([rows[columns >= 0], columns[columns >= 0]]), axis=1)
    return pairs[0], pairs[1]


@dataclass
class _Counted:
    """How many pairs have been aligned so far."""

    total: int
    progress: Progress
    done: int = 0

    def add(self, n_pairs: int) -> None:
        self.done += n_pairs
        self.progress("aligning pairs", self.done, self.total)
