"""Which one movement do matched points of two images agree on? All proposals are tried.

In complex numbers a similarity is z -> a z + b: a turns and zooms, b shifts. Every match proposes one by itself, since
SIFT tells the size and the direction of a point. So all proposals are tried and nothing is drawn, unlike in RANSAC
(Fischler and Bolles, Communications of the ACM 1981).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex128, Float64

from doppelscan.search.compiled import compiled

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
    given = matches.z, matches.w, matches.turn, size, matches.weight
    a, b, inliers = _heaviest(*given, np.flatnonzero(proposing), tolerance)
    return Consensus(complex(a), complex(b), inliers, float(matches.weight[inliers].sum()))


@compiled
def _heaviest(z, w, turn, size, weight, proposing, tolerance):  # type: ignore[no-untyped-def]
    """The a and b, and their inliers, that weigh most of the best proposals, each refined."""
    inliers = np.zeros((len(proposing), len(z)), dtype=np.bool_)
    gathered = np.zeros(len(proposing))
    for h in range(len(proposing)):
        a = turn[proposing[h]]
        b = w[proposing[h]] - a * z[proposing[h]]
        inliers[h] = _agreeing(z, w, turn, size, a, b, tolerance)
        gathered[h] = weight[inliers[h]].sum()
    finalists = np.argsort(-gathered, kind="mergesort")[:_FINALISTS]
    best, best_a, best_b, best_inliers = -1.0, 0j, 0j, inliers[0]
    for h in finalists:
        a, now = turn[proposing[h]], inliers[h]
        for _ in range(_ROUNDS):
            a, b = _fitted(z, w, now, a)
            then, now = now, _agreeing(z, w, turn, size, a, b, tolerance)
            reached = weight[now].sum()
            if reached > best:
                best, best_a, best_b, best_inliers = reached, a, b, now
            if not now.any() or (now == then).all():
                break
    return best_a, best_b, best_inliers


@compiled
def _agreeing(z, w, turn, size, a, b, tolerance):  # type: ignore[no-untyped-def]
    """Which matches a similarity agrees with: in place, and roughly in size and direction."""
    zoom, inliers = abs(a), np.zeros(len(z), dtype=np.bool_)
    for j in range(len(z)):
        near = abs(a * z[j] + b - w[j]) < tolerance
        as_large = size[j] < _LARGEST_STRETCH * zoom and zoom < _LARGEST_STRETCH * size[j]
        same_way = (a.conjugate() * turn[j]).real > _LEAST_COSINE * zoom * size[j]
        inliers[j] = near and as_large and same_way
    return inliers


@compiled
def _fitted(z, w, inliers, a):  # type: ignore[no-untyped-def]
    """The a and b of least squares on the inliers; a as it was where their points are one point."""
    n = inliers.sum()
    z_mean, w_mean = z[inliers].sum() / n, w[inliers].sum() / n
    product, spread = 0j, 0.0
    for j in np.flatnonzero(inliers):
        off = z[j] - z_mean
        product += off.conjugate() * (w[j] - w_mean)
        spread += off.real * off.real + off.imag * off.imag
    if spread > 0:
        a = product / spread
    return a, w_mean - a * z_mean
