"""Are votes counted as a loop over points counts them, and does agreement need points that match both ways?"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from doppelscan.encoders.keypoints import ONE, Keypoints, extract_keypoints
from doppelscan.search import ArrayBlocks
from doppelscan.search.ballots import Poll, VotingSettings
from doppelscan.search.words import WordIndex
from doppelscan.settings import Resources
from textures import textures

RESOURCES = Resources(memory=2**30, workers=1, device="cpu")
REFERENCES = textures(6)
EVERY_WORD = VotingSettings(probes=10_000)
NOBODY = np.zeros(3, dtype=np.int64), np.ones(6, dtype=np.int64)


def points_of(images: np.ndarray) -> Keypoints:
    return extract_keypoints(ArrayBlocks(images), resources=RESOURCES)


@pytest.fixture(scope="module")
def index() -> WordIndex:
    return WordIndex.of(points_of(REFERENCES))


def polled(images: np.ndarray, index: WordIndex, excluded: tuple[np.ndarray, np.ndarray] = NOBODY) -> Poll:
    return Poll.held(points_of(images), index, excluded, EVERY_WORD)


def counted_by_hand(query: int, poll: Poll, n: int) -> np.ndarray:
    """Each point's best product with every image; the `images` best get what they have above the next one's."""
    points, known, votes = poll.ballots[0].points, poll.index.points, np.zeros(n)
    for descriptor in points.descriptors[points.of(query)].astype(np.int64):
        best = [(known.of_image(i).descriptors.astype(np.int64) @ descriptor).max() / ONE for i in range(n)]
        order = np.argsort(-np.array(best), kind="stable")
        background = max(best[order[EVERY_WORD.images]], EVERY_WORD.background)
        for i in order[: EVERY_WORD.images]:
            votes[i] += max(best[i] - background, 0)
    return votes


def test_votes_are_those_that_a_loop_over_points_counts(index: WordIndex) -> None:
    poll = polled(np.concatenate([REFERENCES[:1], textures(2, seed=3)]), index)
    for query in range(3):
        votes = poll.ballots[0].votes(query, 6)
        np.testing.assert_allclose(votes, counted_by_hand(query, poll, 6), atol=1e-9)


def test_the_four_ways_are_told_apart(index: WordIndex) -> None:
    ways = [(ballot.mirrored, ballot.inverted) for ballot in polled(REFERENCES[:3], index).ballots]
    assert ways == list(product((False, True), repeat=2))


def test_the_best_is_the_image_itself_in_the_way_that_shows_it(index: WordIndex) -> None:
    shown = np.stack([REFERENCES[0], REFERENCES[1][..., ::-1], 255 - REFERENCES[2]])
    poll = polled(shown, index)
    best = [poll.best(query, 2)[0] for query in range(3)]
    assert [one.index for one in best] == [0, 1, 2]
    assert [(one.way.mirrored, one.way.inverted) for one in best] == [
        (False, False),
        (True, False),
        (False, True),
    ]


def test_an_image_of_the_querys_group_is_not_among_the_best(index: WordIndex) -> None:
    own = np.arange(3, dtype=np.int64), np.arange(6, dtype=np.int64)
    poll = polled(REFERENCES[:3], index, own)
    assert all(query not in [one.index for one in poll.best(query, 6)] for query in range(3))


def test_who_has_no_points_agrees_with_nobody(index: WordIndex) -> None:
    poll = polled(np.full((3, 1, 96, 96), 7, dtype=np.uint8), index)
    assert [one.score for one in poll.best(0, 6)] == [0.0] * 6
