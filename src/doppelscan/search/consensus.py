"""Which one movement do matched points of two images agree on? All proposals are tried.

In complex numbers a similarity is z -> a z + b: a turns and zooms, b shifts. Every match proposes one by itself, since
SIFT tells the size and the direction of a point. So all proposals are tried and nothing is drawn, unlike in RANSAC
(Fischler and Bolles, Communications of the ACM 1981).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex128, Float64

__all__ = ["Consensus", "Matched", "agreed"]

_LARGEST_ZOOM = 3.0
_LARGEST_STRETCH = 2.0  # between what a match proposes and what is agreed on
_LEAST_COSINE = np.sqrt(0.5)  # of the angle between them: 45 degrees
_FINALISTS = 8  # proposals that are refined
_ROUNDS = 4


@dataclass(frozen=True, eq=False)
class Matched:
    """Points z of one image matched with points w of another; `turn` is what each match says of a, `weight` its say."""

    z: Complex128[np.ndarray, "m"]
    w: Complex128[np.ndarray, "m"]
    turn: Complex128[np.ndarray, "m"]
    weight: Float64[np.ndarray, "m"]


@dataclass(frozen=True, eq=False)
class Consensus:
    """The similarity w = a z + b, which matches it agrees with, and the sum of their weights."""

    a: complex
    b: complex
    inliers: Bool[np.ndarray, "m"]
    weight: float


def agreed(matches: Matched, tolerance: float) -> Consensus | None:
    """The similarity under which the matches within `tolerance` weigh most; None where none weighs anything.

    Zooms beyond threefold are none: they would bring everything together.
    """
    size = np.abs(matches.turn)
    proposing = (size < _LARGEST_ZOOM) & (size > 1 / _LARGEST_ZOOM) & (matches.weight > 0)
    if not proposing.any():
        return None
    a = matches.turn[proposing]
    inliers = _inliers(matches, a, (matches.w - matches.turn * matches.z)[proposing], tolerance)
    finalists = np.argsort(-(inliers @ matches.weight), kind="stable")[:_FINALISTS]
    refined = [_refined(matches, inliers[i], complex(a[i]), tolerance) for i in finalists]
    return max(refined, key=lambda found: found.weight)


def _refined(matches: Matched, inliers: Bool[np.ndarray, "m"], a: complex, tolerance: float) -> Consensus:
    """The best of a few rounds of fitting a similarity to its inliers; the first has at least its own proposer."""
    rounds = []
    for _ in range(_ROUNDS):
        a, b = _fitted(matches.z[inliers], matches.w[inliers], a)
        fitted_to, inliers = inliers, _inliers(matches, np.array([a]), np.array([b]), tolerance)[0]
        rounds.append(Consensus(a, b, inliers, float(matches.weight[inliers].sum())))
        if not inliers.any() or np.array_equal(inliers, fitted_to):
            break
    return max(rounds, key=lambda found: found.weight)


def _fitted(
    z: Complex128[np.ndarray, "m"], w: Complex128[np.ndarray, "m"], a: complex
) -> tuple[complex, complex]:
    """The a and b of least squares; a as it was where the points are one point."""
    from_mean = z - z.mean()
    spread = float((np.abs(from_mean) ** 2).sum())
    if spread > 0:
        a = complex((from_mean.conj() * (w - w.mean())).sum() / spread)
    return a, complex(w.mean() - a * z.mean())


def _inliers(
    matches: Matched, a: Complex128[np.ndarray, "h"], b: Complex128[np.ndarray, "h"], tolerance: float
) -> Bool[np.ndarray, "h m"]:
    """Which matches each similarity agrees with: in place, and roughly in size and direction."""
    near = np.abs(a[:, None] * matches.z + b[:, None] - matches.w) < tolerance
    zoom, size = np.abs(a)[:, None], np.abs(matches.turn)
    as_large = (size < _LARGEST_STRETCH * zoom) & (zoom < _LARGEST_STRETCH * size)
    same_way = (a.conj()[:, None] * matches.turn).real > _LEAST_COSINE * zoom * size
    return np.asarray(near & as_large & same_way)
