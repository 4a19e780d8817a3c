"""Which one movement do matched points of two images agree on?

In complex numbers a similarity is z -> a z + b: a turns and scales, b shifts. Every match proposes one by itself, since
SIFT tells the size and direction of a point; nothing is drawn, unlike in RANSAC (Fischler and Bolles, 1981).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex, Float64

__all__ = ["Consensus", "agreed"]

_FINALISTS = 8
_ROUNDS = 4
_LARGEST_ZOOM = 3.0
_LARGEST_TURN = np.pi / 4  # between what a match proposes and what is agreed on
_LARGEST_STRETCH = np.log(2.0)


@dataclass(frozen=True, eq=False)
class Consensus:
    """The similarity w = a z + b that most matches agree on, and which they are."""

    a: complex
    b: complex
    inliers: Bool[np.ndarray, "m"]

    @property
    def n(self) -> int:
        return int(self.inliers.sum())


def agreed(
    z: Complex[np.ndarray, "m"],
    w: Complex[np.ndarray, "m"],
    turn: Complex[np.ndarray, "m"],
    *,
    tolerance: float,
) -> Consensus | None:
    """The similarity that brings most points z to within `tolerance` of their matches w; None where there is none.

    `turn` is what each match says of a by itself: the quotient of its frames.
    """
    possible = (np.abs(turn) < _LARGEST_ZOOM) & (np.abs(turn) > 1 / _LARGEST_ZOOM)
    if not possible.any():
        return None
    tolerated = _tolerated(z, w, turn, turn[possible], (w - turn * z)[possible], tolerance)
    finalists = np.argsort(-tolerated.sum(axis=1), kind="stable")[:_FINALISTS]
    refined = [_refined(z, w, turn, tolerated[i], turn[possible][i], tolerance) for i in finalists]
    return max(refined, key=lambda found: found.n)


def _refined(z, w, turn, inliers, a, tolerance) -> Consensus:
    b = 0
    best = None
    for _ in range(_ROUNDS):
        a, b = _fitted(z[inliers], w[inliers], a)
        inliers = _tolerated(z, w, turn, np.array([a]), np.array([b]), tolerance)[0]
        if best is None or inliers.sum() > best.n:
            best = Consensus(complex(a), complex(b), inliers)
        if not inliers.any():
            break
    return best


def _fitted(z, w, a):
    """Least squares."""
    centred = z - z.mean()
    size = (abs(centred) ** 2).sum()
    if len(z) >= 2 and size > 0:
        a = (centred.conj() * (w - w.mean())).sum() / size
    return a, w.mean() - a * z.mean()


def _tolerated(z, w, turn, a, b, tolerance):
    near = np.abs(a[:, None] * z + b[:, None] - w) < tolerance
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = turn / a[:, None]
        alike = (np.abs(np.angle(ratio)) < _LARGEST_TURN) & (np.abs(np.log(np.abs(ratio))) < _LARGEST_STRETCH)
    return near & alike
