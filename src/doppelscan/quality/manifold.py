"""Is each image where real ones are, and are all real ones reached? Balls about images, to their k-th neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from doppelscan.quality.distances import blocks, farthest_of

__all__ = ["Manifold", "manifold"]

PRECISION_K, DENSITY_K = 3, 5  # as Kynkäänniemi et al. 2019 and Naeem et al. 2020 have them


@dataclass(frozen=True, eq=False)
class Manifold:
    """What balls say of each image.

    Attributes
    ----------
    real_like
        Of each synthetic image: it lies in a ball about a real one, to that one's 3rd neighbour. Mean: precision.
    reached
        Of each real image: it lies in a ball about a synthetic one. Mean: recall.
    n_balls
        Of each synthetic image: in how many balls about real ones, to their 5th neighbour. Mean over 5: density.
    covered
        Of each real image: its ball to the 5th neighbour holds a synthetic one. Mean: coverage.
    realism
        Of each synthetic image: the largest ratio of a ball's radius (3rd neighbour) to the distance from its middle,
        over the real images with the smaller half of the radii; above 1, it is in one of these balls.
    """

    real_like: Bool[np.ndarray, " m"]
    reached: Bool[np.ndarray, " n"]
    n_balls: Int64[np.ndarray, " m"]
    covered: Bool[np.ndarray, " n"]
    realism: Float64[np.ndarray, " m"]

    @property
    def density(self) -> Float64[np.ndarray, " m"]:
        """`n_balls` over k: 1 in the mean where both sets are draws of one law."""
        return self.n_balls / DENSITY_K


def manifold(real: Float[np.ndarray, "n d"], synthetic: Float[np.ndarray, "m d"]) -> Manifold:
    """The balls of both sets, closed ones: what lies on the surface is in.

    Precision, recall and realism are those of Kynkäänniemi et al. (2019, equations 1 and 2, 3rd neighbour), density
    and coverage those of Naeem et al. (2020, 5th neighbour). A set with too few images for a k-th neighbour has
    balls to the last; one image alone has none, and nothing is in it.
    """
    radius, other_radius = farthest_of(real, PRECISION_K), farthest_of(synthetic, PRECISION_K)
    wide = farthest_of(real, DENSITY_K)
    small = radius <= np.median(radius)
    found = _Found.none(len(real), len(synthetic))
    for block in blocks(synthetic, real):
        rows, far = block.rows, block.distances
        found.real_like[rows] = (far <= radius).any(axis=1)
        found.reached |= (far <= other_radius[rows, None]).any(axis=0)
        inside = far <= wide
        found.n_balls[rows] = inside.sum(axis=1)
        found.covered |= inside.any(axis=0)
        found.realism[rows] = _ratio(radius[small], far[:, small])
    return Manifold(found.real_like, found.reached, found.n_balls, found.covered, found.realism)


@dataclass
class _Found:
    """The same while blocks come in."""

    real_like: Bool[np.ndarray, " m"]
    reached: Bool[np.ndarray, " n"]
    n_balls: Int64[np.ndarray, " m"]
    covered: Bool[np.ndarray, " n"]
    realism: Float64[np.ndarray, " m"]

    @staticmethod
    def none(n: int, m: int) -> _Found:
        return _Found(
            np.zeros(m, bool), np.zeros(n, bool), np.zeros(m, np.int64), np.zeros(n, bool), np.full(m, np.nan)
        )


def _ratio(radius: Float64[np.ndarray, " s"], far: Float64[np.ndarray, "b s"]) -> Float64[np.ndarray, " b"]:
    """The largest radius over distance; where both are 0, an image upon duplicates, it is 1."""
    if not radius.size:
        return np.full(len(far), np.nan)
    apart = far > 0
    ratio = np.divide(radius, far, out=np.full(far.shape, np.inf), where=apart)
    return np.asarray(np.where(apart | (radius > 0), ratio, 1.0).max(axis=1))
