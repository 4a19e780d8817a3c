"""Which references share recognisable points with each query, and how is the query moved against them? By votes.

1. Every point of a query votes for the few images that hold the points most like it, each vote as heavy as that point
   is more like it than the next image's is (local naive Bayes nearest neighbour: McCann and Lowe, CVPR 2012): what
   all patients have in common says nothing.
2. The images with most votes are looked at point by point: matches are mutual, and count as far as they agree on one
   similarity (`consensus`). The sum of their weights is the score.

A query votes four times: as it is, mirrored, black and white exchanged, and both. The result for a query depends on
that query and the references alone, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped

from doppelscan.encoders.keypoints import Keypoints, extract_keypoints
from doppelscan.errors import InputError, Problem
from doppelscan.search.ballots import Ballot, Found, Poll, VotingSettings
from doppelscan.search.blocks import Blocks, as_blocks
from doppelscan.search.consensus import Consensus
from doppelscan.search.many_points import ManyPoints
from doppelscan.search.neighbours import Groups, misfits
from doppelscan.search.words import WordIndex
from doppelscan.settings import Resources
from doppelscan.workers import single_threaded_algebra

__all__ = ["KeypointMatches", "VotingSettings", "match_keypoints"]

_BYTES_A_POINT = 4096  # of its descriptor in four ways, and what is kept of each
_MOST_QUERIES = 128  # at once: the results hold on to their points


@dataclass(frozen=True, eq=False)
class KeypointMatches:
    """The k references that share most with each query, best first.

    Attributes
    ----------
    indices
        These references, -1 where there is none.
    scores
        The weights of the points that agree, added up; 0 where none agree, NaN where there is no reference.
    inliers
        How many points agree.
    transforms
        Where a pixel (x, y) of the query lies in the reference: `transform @ (x, y, 1)`; NaN where nothing agrees.
    mirrored, inverted
        Whether left and right, and black and white, were exchanged in the query; the transform mirrors, too.
    """

    indices: Int64[np.ndarray, "m k"]
    scores: Float64[np.ndarray, "m k"]
    inliers: Int64[np.ndarray, "m k"]
    transforms: Float64[np.ndarray, "m k 2 3"]
    mirrored: Bool[np.ndarray, "m k"]
    inverted: Bool[np.ndarray, "m k"]


def match_keypoints(
    queries: Keypoints | Blocks | Shaped[np.ndarray, "m c h w"],
    references: WordIndex | Keypoints | Blocks | Shaped[np.ndarray, "n c h w"],
    k: int = 5,
    settings: VotingSettings | None = None,
    *,
    exclude: Groups | None = None,
    resources: Resources | None = None,
    progress: Callable[[int], None] | None = None,
) -> KeypointMatches:
    """The k references that share most points with each query. Images have two axes of space.

    Points, or an index of points, that were made before may be given in place of images; nothing is made twice then.

    Parameters
    ----------
    exclude
        Groups of the queries and of the references: pairs of one group are left out.
    progress
        Told after each step how many more pairs have been compared, of `len(queries) * len(references)`.

    Raises
    ------
    InputError
        If images are no films, k is below 1, shapes differ, or groups do not fit.
    """
    settings, resources = settings or VotingSettings(), resources or Resources()
    points, index = _as_points(queries, settings, resources), _as_index(references, settings, resources)
    _refuse_misfits(points, index.points, k, exclude)
    own, groups = exclude or (
        np.zeros(len(points), dtype=np.int64),
        np.ones(len(index.points), dtype=np.int64),
    )
    matches = _nobody(len(points), k)

    def best(block: slice) -> list[list[Found]]:
        poll = Poll.held(points.part(block.start, block.stop), index, (own[block], groups), settings)
        return [poll.best(query, k) for query in range(len(poll))]

    blocks = _blocks(points, resources)
    with single_threaded_algebra(), ThreadPoolExecutor(resources.threads) as pool:
        for block, found in zip(blocks, pool.map(best, blocks), strict=True):
            for query, of_query in enumerate(found, start=block.start):
                _write(matches, query, of_query)
            if progress:
                progress(len(found) * len(index.points))
    return matches


def _as_points(
    images: Keypoints | Blocks | Shaped[np.ndarray, "n c h w"], settings: VotingSettings, resources: Resources
) -> Keypoints:
    if isinstance(images, Keypoints):
        return images
    return extract_keypoints(as_blocks(images), settings.points, resources=resources)


def _as_index(
    references: WordIndex | Keypoints | Blocks | Shaped[np.ndarray, "n c h w"],
    settings: VotingSettings,
    resources: Resources,
) -> WordIndex:
    if isinstance(references, WordIndex):
        return references
    return WordIndex.of(_as_points(references, settings, resources))


def _refuse_misfits(queries: Keypoints, references: ManyPoints, k: int, exclude: Groups | None) -> None:
    m, n = len(queries), len(references)
    problems = misfits(m, n, k, exclude)
    if m and n and queries.space != references.space:
        what = f"images of {queries.space} pixels cannot be compared with images of {references.space}"
        problems.append(
            Problem(what, cure="bring all to one with `doppelscan prepare --size` or `audit --size`")
        )
    if problems:
        raise InputError(problems)


def _blocks(queries: Keypoints, resources: Resources) -> list[slice]:
    """Queries for one worker each, as many at once as its share of memory holds of their points and votes."""
    most = int(np.diff(queries.starts).max(initial=1))
    room = resources.memory // (8 * resources.workers) // (_BYTES_A_POINT * most)
    size = max(1, min(room, _MOST_QUERIES, -(-len(queries) // resources.workers)))
    return [slice(start, min(start + size, len(queries))) for start in range(0, len(queries), size)]


def _nobody(m: int, k: int) -> KeypointMatches:
    return KeypointMatches(
        np.full((m, k), -1, dtype=np.int64),
        np.full((m, k), np.nan),
        np.zeros((m, k), dtype=np.int64),
        np.full((m, k, 2, 3), np.nan),
        np.zeros((m, k), dtype=bool),
        np.zeros((m, k), dtype=bool),
    )


def _write(matches: KeypointMatches, query: int, found: list[Found]) -> None:
    for rank, one in enumerate(found):
        here = query, rank
        matches.indices[here], matches.scores[here] = one.index, one.score
        if one.consensus and one.consensus.inliers.any():
            matches.inliers[here] = one.consensus.inliers.sum()
            matches.transforms[here] = _matrix(one.consensus, one.way)
            matches.mirrored[here], matches.inverted[here] = one.way.mirrored, one.way.inverted


def _matrix(found: Consensus, way: Ballot) -> Float64[np.ndarray, "2 3"]:
    """The similarity as a matrix on (x, y, 1) of the query as it is: mirrored first, where it was."""
    a, b = found.a, found.b
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    if not way.mirrored:
        return matrix
    return np.asarray(matrix @ np.array([[-1.0, 0, way.points.space[1] - 1], [0, 1, 0], [0, 0, 1]]))
