"""What do a model's samples give away? Members lie nearer to them, and where they are denser, than others do.

Images that are like everything are near to any sample: both attacks are relative to real images of other patients,
the reference, that the model never saw either.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import logsumexp

from doppelscan.audit.spaces import Space
from doppelscan.imagesets import ImageSet
from doppelscan.search import Kept, nearest
from doppelscan.settings import Resources
from doppelscan.workers import Progress

__all__ = ["Density", "by_distance"]

_CLOSEST = 1 - 1e-6  # a correlation nearer to 1 counts as this
_DIRECTIONS = 12
_AT_ONCE = 2**22  # distances

Vectors = Float64[np.ndarray, "n f"]


def by_distance(
    synthetic: ImageSet, reference: ImageSet, space: Space, *, resources: Resources, progress: Progress
) -> Callable[[ImageSet], Float64[np.ndarray, " n"]]:
    """How much nearer an image's nearest sample is than its nearest real image: Fisher's z of either, their difference.

    NaN for an image without detail.
    """

    def encoded(images: ImageSet) -> Kept:
        return Kept(space.encoded(images, resources, progress))

    samples, strangers = encoded(synthetic), encoded(reference)

    def score(images: ImageSet) -> Float64[np.ndarray, " n"]:
        queries = encoded(images)
        near, ordinary = (
            np.arctanh(np.minimum(nearest(queries, among, resources=resources).scores[:, 0], _CLOSEST))
            for among in (samples, strangers)
        )
        return np.asarray(near - ordinary)

    return score


@dataclass(frozen=True, eq=False)
class Density:
    """The density of samples over that of real images, in the directions in which these vary most.

    After van Breugel et al. 2023 (DOMIAS), with Gaussian kernels of Scott's width. Directions and scale are those of
    samples and reference together: no image that is attacked has a part in them.
    """

    mean: Float64[np.ndarray, " f"]
    directions: Float64[np.ndarray, "f d"]
    synthetic: Float64[np.ndarray, "s d"]
    reference: Float64[np.ndarray, "r d"]

    @staticmethod
    def of(synthetic: Float64[np.ndarray, "s f"], reference: Float64[np.ndarray, "r f"]) -> Density:
        """The densities of these vectors."""
        both = np.concatenate([synthetic, reference])
        mean = both.mean(axis=0)
        _, length, axes = np.linalg.svd(both - mean, full_matrices=False)
        kept = min(_DIRECTIONS, int(np.count_nonzero(length > 1e-9 * max(length[0], 1e-12))))
        scale = math.sqrt(len(both)) / length[:kept]
        directions = axes[:kept].T * scale
        return Density(mean, directions, (synthetic - mean) @ directions, (reference - mean) @ directions)

    def score(self, vectors: Vectors) -> Float64[np.ndarray, " n"]:
        """The logarithm of the ratio of densities at each vector."""
        places = (vectors - self.mean) @ self.directions
        return np.asarray(_log_density(places, self.synthetic) - _log_density(places, self.reference))


def _log_density(
    places: Float64[np.ndarray, "n d"], around: Float64[np.ndarray, "m d"]
) -> Float64[np.ndarray, " n"]:
    """Of normal kernels of unit scale times Scott's factor, up to a constant that the number of kernels decides."""
    m, d = around.shape
    width = m ** (-1 / (d + 4))
    size = max(1, _AT_ONCE // m)
    parts = []
    for start in range(0, len(places), size):
        some = places[start : start + size]
        squares = (some**2).sum(axis=1)[:, None] - 2 * some @ around.T + (around**2).sum(axis=1)
        parts.append(logsumexp(-squares / (2 * width**2), axis=1))
    return np.asarray(np.concatenate(parts) - math.log(m) - d * math.log(width))
