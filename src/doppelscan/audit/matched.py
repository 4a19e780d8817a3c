"""What matching gives for each image: its best training matches, and the statistic that a verdict rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from doppelscan.audit.verdicts import SAME_PIXELS
from doppelscan.audit.witnesses import Kind
from doppelscan.search import Neighbours
from doppelscan.search.neighbours import merged, nobody

__all__ = ["Matched", "Yardstick", "by_one_kind", "by_several_kinds", "joined"]

Scale = Float64[np.ndarray, " kinds"]

_CLOSEST = 1 - 2.0**-20  # a score below that of the same pixels, which is 1
_LEAST_SPREAD = 1e-6


@dataclass(frozen=True, eq=False)
class Matched:
    """The best training matches of m images, best first, and what follows for each image.

    `holdout_score` is the best score among held-out images; None where there is no holdout, or where several
    kinds of evidence make the score. Scores are NaN, and indices -1, where undefined. `statistic` is larger the more
    suspicious an image is: NaN where it is constant.
    """

    indices: Int64[np.ndarray, "m k"]
    scores: Float64[np.ndarray, "m k"]
    holdout_score: Float64[np.ndarray, " m"] | None
    statistic: Float64[np.ndarray, " m"]

    @property
    def score(self) -> Float64[np.ndarray, " m"]:
        """The best score among training images."""
        return self.scores[:, 0]

    @property
    def best(self) -> Int64[np.ndarray, " m"]:
        """The best training image."""
        return self.indices[:, 0]

    def take(self, positions: Int64[np.ndarray, " n"]) -> Matched:
        """The matches of some of the images."""
        held = None if self.holdout_score is None else self.holdout_score[positions]
        return Matched(self.indices[positions], self.scores[positions], held, self.statistic[positions])


def joined(parts: Sequence[Matched]) -> Matched:
    """The matches of images that were matched part by part, in order."""
    held = [part.holdout_score for part in parts if part.holdout_score is not None]
    indices, scores, statistic = (
        np.concatenate([getattr(part, of) for part in parts]) for of in ("indices", "scores", "statistic")
    )
    return Matched(indices, scores, np.concatenate(held) if held else None, statistic)


def by_one_kind(found: Neighbours, held: Neighbours | None, kind: Kind) -> Matched:
    """The statistic is the margin on the kind's scale; without a holdout, the best score on it.

    Images without detail match everything, trained on or not; the margin takes that away.
    """
    best = kind.scale(found.scores[:, 0])
    if held is None:
        return Matched(found.indices, found.scores, None, best)
    other = held.scores[:, 0]
    return Matched(found.indices, found.scores, other, best - kind.scale(other))


@dataclass(frozen=True, eq=False)
class Yardstick:
    """What is ordinary for each kind of evidence: the median and the spread of the margins of strangers.

    The spread is from the median to the point that one in twenty exceeds, so that 1 is that point for every kind.
    """

    median: Scale
    spread: Scale

    @staticmethod
    def of(
        found: Sequence[Neighbours], held: Sequence[Neighbours] | None, kinds: Sequence[Kind]
    ) -> Yardstick:
        """That of images that copy nobody."""
        margins = [
            _margins(one, None if held is None else held[i], kind)[:, 0]
            for i, (one, kind) in enumerate(zip(found, kinds, strict=True))
        ]
        known = [margin[np.isfinite(margin)] for margin in margins]
        points = np.array([np.quantile(one, (0.5, 0.95)) if len(one) else (0.0, 0.0) for one in known])
        return Yardstick(points[:, 0], np.maximum(points[:, 1] - points[:, 0], _LEAST_SPREAD))


def by_several_kinds(
    found: Sequence[Neighbours],
    held: Sequence[Neighbours] | None,
    kinds: Sequence[Kind],
    yardstick: Yardstick,
) -> Matched:
    """The kind that is furthest beyond what is ordinary decides, on which training image and how suspicious it is.

    Scores are 1 for the same pixels and otherwise 1 - 2**-u, where u is that distance on the yardstick: 0 is ordinary,
    one stranger in twenty has more than 0.5 in a given kind. The first kind is the correlation of pixels, which
    constant images have none of.
    """
    m, k = found[0].indices.shape
    best = nobody(m, k)
    for i, (one, kind) in enumerate(zip(found, kinds, strict=True)):
        beyond = (_margins(one, None if held is None else held[i], kind) - yardstick.median[i]) / (
            yardstick.spread[i]
        )
        rows, ranks = np.nonzero((one.indices >= 0) & np.isfinite(beyond))
        best = merged(best, rows, one.indices[rows, ranks], beyond[rows, ranks], np.zeros_like(rows))
    constant = np.isnan(found[0].scores[:, 0])
    statistic = np.where(constant, np.nan, best.scores[:, 0])
    scores = np.minimum(1 - 2 ** -np.maximum(best.scores, 0), _CLOSEST)
    scores[constant] = np.nan
    indices, scores = _same_first(best.indices, scores, found[0])
    indices[constant] = -1
    return Matched(indices, scores, None, statistic)


def _margins(found: Neighbours, held: Neighbours | None, kind: Kind) -> Float64[np.ndarray, "m k"]:
    """On the kind's scale, how much better each match is than the best held-out one; NaN where either is unknown."""
    best = kind.scale(found.scores)
    return best if held is None else best - kind.scale(held.scores[:, :1])


def _same_first(
    indices: Int64[np.ndarray, "m k"], scores: Float64[np.ndarray, "m k"], pixels: Neighbours
) -> tuple[Int64[np.ndarray, "m k"], Float64[np.ndarray, "m k"]]:
    """Training images with the very same pixels come first, whatever other evidence says; their score is 1."""
    rows, ranks = np.nonzero(pixels.scores > SAME_PIXELS)
    best = Neighbours(indices, scores, np.zeros_like(indices))
    same = merged(best, rows, pixels.indices[rows, ranks], np.ones(len(rows)), np.zeros_like(rows))
    return same.indices.copy(), same.scores.copy()
