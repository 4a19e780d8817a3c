"""What judges candidates: how well each agrees with the query once the two are aligned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int64

from doppelscan.encoders.keypoints import Keypoints, extract_keypoints
from doppelscan.registration import Alignment, AlignmentSettings, align
from doppelscan.search import Blocks, Neighbours
from doppelscan.search.neighbours import Groups, merged, nobody
from doppelscan.search.voting import KeypointMatches, VotingSettings, match_keypoints
from doppelscan.search.words import WordIndex
from doppelscan.settings import Resources
from doppelscan.store import fingerprint
from doppelscan.workers import Progress

__all__ = ["Judge"]

_VERSION = 1  # of what alignment gives; part of the key of whatever is kept

Pairs = tuple[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"]]


@dataclass(frozen=True, eq=False)
class Judge:
    """Alignment as the judge of candidates: each is brought onto the query, by a pose, an affine map and a bend.

    `n_candidates` are taken from each space that is searched. Of films as many are named by recognisable
    points, which also say where to begin: turned, cropped or inverted copies are found by these alone.
    """

    alignment: AlignmentSettings = field(default_factory=AlignmentSettings)
    voting: VotingSettings = field(default_factory=VotingSettings)
    n_candidates: int = 4
    _points: dict[int, tuple[Blocks, WordIndex]] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> str:
        """What the scores depend on besides the images."""
        return fingerprint([_VERSION, self.n_candidates, self.alignment.to_json(), repr(self.voting)])

    def judged(
        self,
        queries: Blocks,
        references: Blocks,
        found: Sequence[Neighbours],
        k: int,
        *,
        exclude: Groups | None,
        resources: Resources,
        progress: Progress,
    ) -> Neighbours:
        """The k of all candidates that agree best with each query once aligned; `scores` say how well."""
        batches: list[tuple[Pairs, Alignment | None]] = [(_candidates(found), None)]
        if len(references.read(0, 1).shape) == 4:
            points = self._named_by_points(queries, references, exclude, resources)
            batches.append(_where_points_agree(points, references.read(0, 1).shape[2:], self.alignment))
        counted = _Counted(sum(len(pairs[0]) for pairs, _ in batches), progress)
        best = nobody(len(queries), k)
        for (rows, columns), start in batches:
            aligned = align(
                references,
                queries,
                pairs=(columns, rows),
                start=start,
                settings=self.alignment,
                device="cpu" if resources.device == "auto" else resources.device,
                progress=counted.add,
            )
            best = merged(best, rows, columns, aligned.score, np.zeros_like(rows))
        return best

    def _named_by_points(
        self, queries: Blocks, references: Blocks, exclude: Groups | None, resources: Resources
    ) -> KeypointMatches:
        index = self._index(references, resources)
        return match_keypoints(
            self._points_of(queries, resources),
            index,
            self.n_candidates,
            self.voting,
            exclude=exclude,
            resources=resources,
        )

    def _index(self, references: Blocks, resources: Resources) -> WordIndex:
        """The index of the references' points, made once."""
        known = self._points.get(id(references))
        if known is None:
            known = references, WordIndex.of(self._points_of(references, resources))
            self._points[id(references)] = known
        return known[1]

    def _points_of(self, images: Blocks, resources: Resources) -> Keypoints:
        return extract_keypoints(images, self.voting.points, resources=resources)


def _candidates(found: Sequence[Neighbours]) -> Pairs:
    """Each pair of a query and a candidate once, in order."""
    columns = np.concatenate([one.indices for one in found], axis=1)
    rows = np.broadcast_to(np.arange(len(columns))[:, None], columns.shape)
    pairs = np.unique(np.stack([rows[columns >= 0], columns[columns >= 0]]), axis=1)
    return pairs[0], pairs[1]


def _where_points_agree(
    found: KeypointMatches, space: tuple[int, ...], settings: AlignmentSettings
) -> tuple[Pairs, Alignment]:
    """The pairs whose points agree on a similarity, and this as the alignment to begin with."""
    agree = (found.indices >= 0) & np.isfinite(found.transforms).all(axis=(2, 3))
    rows, ranks = np.nonzero(agree)
    matrix, offset = _from_the_centre(found.transforms[agree], space)
    n, nothing = settings.controls_of(2), np.zeros(len(rows))
    controls = np.zeros((len(rows), 2, n, n), dtype=np.float32)
    start = Alignment(nothing, nothing, found.inverted[agree], matrix, offset, controls)
    return (rows, found.indices[rows, ranks]), start


def _from_the_centre(
    transform: Float64[np.ndarray, "p 2 3"], space: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """A map of pixels (x, y) as one of (y, x) from the centre, in halves of the longest side."""
    centre, half = (np.array(space[::-1]) - 1) / 2, max(space) / 2
    matrix, offset = transform[:, :, :2], transform[:, :, 2]
    moved = (matrix @ centre + offset - centre) / half
    return matrix[:, ::-1, ::-1].astype(np.float32), moved[:, ::-1].astype(np.float32)


@dataclass
class _Counted:
    """How many pairs have been aligned so far."""

    total: int
    progress: Progress
    done: int = 0

    def add(self, n_pairs: int) -> None:
        self.done += n_pairs
        self.progress("aligning pairs", self.done, self.total)
