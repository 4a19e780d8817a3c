"""What the points of a query vote for, and on which movement they agree with a reference.

Neither depends on what else is asked: a ballot is counted query by query.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from doppelscan.encoders.keypoints import ONE, Keypoints, KeypointSettings, inverted, mirrored
from doppelscan.search.consensus import Consensus, Matched, agreed
from doppelscan.search.neighbours import Groups
from doppelscan.search.words import WordIndex, closest_images

__all__ = ["Ballot", "Found", "Poll", "VotingSettings"]


@dataclass(frozen=True)
class VotingSettings:
    """How points vote.

    Each votes for at most `images`, found among those of its `probes` nearest words; a product below the share
    `background` of a perfect one is no likeness. Matches agree within `tolerance`, a share of the longest side.
    """

    points: KeypointSettings = field(default_factory=KeypointSettings)
    images: int = 5
    probes: int = 4
    background: float = 0.5
    least: float = 0.8
    tolerance: float = 0.015


@dataclass(frozen=True, eq=False)
class Poll:
    """The votes of some queries, each in four ways."""

    index: WordIndex
    ballots: tuple[Ballot, ...]
    excluded: Groups
    settings: VotingSettings

    @staticmethod
    def held(queries: Keypoints, index: WordIndex, excluded: Groups, settings: VotingSettings) -> Poll:
        """The votes of all points of the queries; `excluded` are groups, and pairs of one group do not count."""
        ballots = Ballot.cast(queries, index, excluded, settings)
        return Poll(index, ballots, excluded, settings)

    def __len__(self) -> int:
        return len(self.ballots[0].points)

    def best(self, query: int, k: int) -> list[Found]:
        """The k references with most votes, in the way that got them most, by their score."""
        votes = np.stack([ballot.votes(query, len(self.index.points)) for ballot in self.ballots])
        votes[:, self.excluded[0][query] == self.excluded[1]] = -np.inf
        most = votes.max(axis=0)
        candidates = np.argsort(-most, kind="stable")[:k]
        found = [
            Found(int(i), way, self._agreed(query, int(i), way))
            for i in candidates[np.isfinite(most[candidates])]
            for way in [self.ballots[int(votes[:, i].argmax())]]
        ]
        return sorted(found, key=lambda one: -one.score)

    def _agreed(self, query: int, reference: int, way: Ballot) -> Consensus | None:
        mine, theirs = way.points.of(query), self.index.points.of_image(reference)
        rows, columns, shares = _mutual(way.points.descriptors[mine], theirs.descriptors, self.settings.least)
        if not len(rows):
            return None
        z, w = way.points.place[mine][rows], theirs.place[columns]
        turn = theirs.frame[columns] / way.points.frame[mine][rows]
        weight = np.maximum(shares - way.background[mine][rows], 0)
        matches = Matched(
            z.astype(np.complex128), w.astype(np.complex128), turn.astype(np.complex128), weight
        )
        return agreed(matches, self.settings.tolerance * max(self.index.points.space))


@dataclass(frozen=True, eq=False)
class Found:
    """One reference of one query."""

    index: int
    way: Ballot
    consensus: Consensus | None

    @property
    def score(self) -> float:
        """The weights of the points that agree, added up."""
        return self.consensus.weight if self.consensus else 0.0


@dataclass(frozen=True, eq=False)
class Ballot:
    """Some queries in one of their four ways, and what their points found."""

    points: Keypoints
    mirrored: bool
    inverted: bool
    images: Int64[np.ndarray, "p k"]
    weights: Float64[np.ndarray, "p k"]
    background: Float64[np.ndarray, "p"]

    @staticmethod
    def cast(
        queries: Keypoints, index: WordIndex, excluded: Groups, settings: VotingSettings
    ) -> tuple[Ballot, ...]:
        """What the points vote for in each way, each as it is more like one image than the next.

        All ways are looked up at once, so that the points of a word are read once.
        """
        ways = list(product((False, True), repeat=2))
        turned = [_turned(queries, *way) for way in ways]
        found = closest_images(
            np.concatenate([points.descriptors for points in turned]),
            np.tile(excluded[0][queries.image], len(ways)),
            index,
            excluded[1],
            settings.images + 1,
            probes=settings.probes,
        )
        shares = found.products.astype(np.float64) / ONE
        background = np.maximum(shares[:, -1], settings.background)
        weights = np.maximum(shares - background[:, None], 0)
        parts = (np.split(of, len(ways)) for of in (found.images, weights, background))
        return tuple(
            Ballot(points, *way, *part) for points, way, *part in zip(turned, ways, *parts, strict=True)
        )

    def votes(self, query: int, n: int) -> Float64[np.ndarray, "n"]:
        """The votes of one query's points for each of n references."""
        span = self.points.of(query)
        voted = self.images[span] >= 0
        votes = np.bincount(self.images[span][voted], self.weights[span][voted], n)
        return votes.astype(np.float64)  # also where nobody voted


def _turned(points: Keypoints, mirror: bool, invert: bool) -> Keypoints:  # noqa: FBT001 - one way of four
    """The points as they are in one way."""
    points = mirrored(points) if mirror else points
    return inverted(points) if invert else points


def _mutual(
    mine: UInt8[np.ndarray, "a 128"], theirs: UInt8[np.ndarray, "b 128"], least: float
) -> tuple[Int64[np.ndarray, "m"], Int64[np.ndarray, "m"], Float64[np.ndarray, "m"]]:
    """The points that are nearest to each other, and how near, as a share of a perfect product."""
    nothing = np.empty(0, dtype=np.int64)
    if not len(mine) or not len(theirs):
        return nothing, nothing, np.empty(0)
    products = mine.astype(np.float32) @ theirs.astype(np.float32).T
    columns = products.argmax(axis=1)
    rows = np.flatnonzero(products.argmax(axis=0)[columns] == np.arange(len(mine)))
    shares = products[rows, columns[rows]].astype(np.float64) / ONE
    near = shares > least
    return rows[near], columns[rows[near]], shares[near]
