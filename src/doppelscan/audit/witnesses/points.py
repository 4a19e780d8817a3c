"""Films that have recognisable points in common, however they are turned; and parts that lie as these points say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Float64, Int64

from doppelscan.audit.witnesses.witness import Exclude, Kind
from doppelscan.encoders.keypoints import Keypoints, KeypointSettings, extract_keypoints, joined
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.versions import code_versions
from doppelscan.search import Blocks, Neighbours
from doppelscan.search.many_points import ManyPoints
from doppelscan.search.shared import BYTES_A_FILM, SmallFilms, shared_parts
from doppelscan.search.voting import VotingSettings, match_keypoints
from doppelscan.search.words import BYTES_A_POINT, WordIndex
from doppelscan.settings import Resources
from doppelscan.store import Cache, fingerprint
from doppelscan.workers import Progress, counted, elsewhere, map_ordered, silent

__all__ = ["Points"]

_VERSION = 1  # of the scores; part of the key of whatever is kept
_SHARD = 256  # images whose points are found between two writes to the cache
_PART = 8  # one part in so many of the memory may hold the points and small films of a set


def _cubed(values: Float64[np.ndarray, "*m"]) -> Float64[np.ndarray, "*m"]:
    return values**3


@dataclass(frozen=True, eq=False)
class Points:
    """Two kinds of evidence on the candidates that points vote for: the points that agree, and parts that do.

    The weights of points that agree add up as counts do; their roots have about the same spread at every level. What
    strangers' parts agree in varies much and means little, hence the cube.
    """

    voting: VotingSettings = field(default_factory=VotingSettings)
    n_candidates: int = 6
    learnt: bool = False
    kinds: tuple[Kind, ...] = (Kind("points", np.sqrt), Kind("part", _cubed))

    @property
    def key(self) -> str:
        """How points are found and vote."""
        return fingerprint(["points", _VERSION, self.n_candidates, repr(self.voting)])

    def against(self, images: ImageSet, resources: Resources, progress: Progress) -> _Recognised:
        """The points of a set and its small films; in a file where they would fill much of the memory."""
        most = len(images) * self.voting.points.most
        room = resources.memory // _PART
        in_memory = most * BYTES_A_POINT + len(images) * BYTES_A_FILM <= room
        parts = _points_of(images, self.voting.points, resources, progress)
        index = WordIndex.of(ManyPoints.of(parts, most, in_memory=in_memory), progress)
        films = SmallFilms.of(images, resources, in_memory=in_memory)
        return _Recognised(self, index, films, images.patients)


@dataclass(frozen=True, eq=False)
class _Recognised:
    """The points and small films of a set."""

    witness: Points
    index: WordIndex
    films: SmallFilms
    patient: Int64[np.ndarray, " n"]

    def named(
        self,
        queries: Blocks,
        k: int,
        exclude: Exclude | None,
        resources: Resources,
        progress: Callable[[int], None] | None,
    ) -> tuple[Neighbours, ...]:
        """The images with which each query has most points in common, and those with which it shares a part."""
        voting = self.witness.voting
        if isinstance(queries, ImageSet) and len(queries):
            points = joined(list(_points_of(queries, voting.points, resources, silent)))
        else:
            points = extract_keypoints(queries, voting.points, resources=resources)
        found = match_keypoints(
            points,
            self.index,
            max(k, self.witness.n_candidates),
            voting,
            exclude=exclude,
            resources=resources,
            progress=progress,
        )
        films = SmallFilms.of(queries, resources)
        parts = shared_parts(films, self.films, found, self.patient, resources=resources)
        return _best(found.indices, found.scores, k), _best(found.indices, parts, k)


def _points_of(
    images: ImageSet, settings: KeypointSettings, resources: Resources, progress: Progress
) -> Iterator[Keypoints]:
    """The points of a set's images, kept in the cache shard by shard."""
    shards = [
        images.take(np.arange(start, min(start + _SHARD, len(images))))
        for start in range(0, len(images), _SHARD)
    ]
    find = partial(_kept, settings=settings, resources=resources.share if elsewhere() else resources)
    found = map_ordered(find, shards, workers=elsewhere())
    return counted(found, "finding points", len(shards), progress)


def _kept(images: ImageSet, settings: KeypointSettings, resources: Resources) -> Keypoints:
    key = {
        "version": 1,
        "code": code_versions(),
        "settings": repr(settings),
        "pixels": images.pixels.fingerprint,
    }
    table = Cache.default().table(
        "keypoints",
        key,
        lambda: extract_keypoints(images, settings, resources=resources).as_table(),
    )
    height, width = images.shape[1:]
    return Keypoints.of_table(table, len(images), (height, width))


def _best(indices: Int64[np.ndarray, "m c"], scores: Float64[np.ndarray, "m c"], k: int) -> Neighbours:
    """The k best of some candidates; of equal ones the lower index first."""
    order = np.lexsort((indices, -scores))[:, :k]
    found, values = (np.take_along_axis(of, order, axis=1) for of in (indices, scores))
    return Neighbours(found, values, np.zeros_like(found))
