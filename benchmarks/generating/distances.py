"""How far is a set of drawn images from real ones? Frechet distances of two fixed encoders' vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy import linalg

from doppelscan.encoders.contrastive import ContrastiveSettings, fitted
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream

__all__ = ["ENCODERS", "Encode", "frechet", "resampled"]

Encode = Callable[[np.ndarray], np.ndarray]
N_COMPONENTS = 32


def by_principal_components(real: np.ndarray) -> Encode:
    """The first components of pixels in [0, 1], each as it lies: broad shapes."""
    flat = real.reshape(len(real), -1) / 255
    mean = flat.mean(axis=0)
    axes = linalg.svd(flat - mean, full_matrices=False)[2][:N_COMPONENTS]
    return lambda pixels: (pixels.reshape(len(pixels), -1) / 255 - mean) @ axes.T


def by_contrast(real: np.ndarray) -> Encode:
    """The first components of what a contrastive encoder makes of them, trained on these real images alone."""
    encoder = fitted(ImageSet.from_arrays(real), ContrastiveSettings(effort="quick"))
    vectors = encoder.vectors(real).astype(np.float64)
    mean = vectors.mean(axis=0)
    axes = linalg.svd(vectors - mean, full_matrices=False)[2][:N_COMPONENTS]
    return lambda pixels: (encoder.vectors(pixels) - mean) @ axes.T


ENCODERS: Mapping[str, Callable[[np.ndarray], Encode]] = {
    "pixels' components": by_principal_components,
    "contrastive encoder": by_contrast,
}
"""Made from real training images, which they then encode like any others."""


def frechet(x: np.ndarray, y: np.ndarray) -> float:
    """|a - b|² + tr(A + B - 2 (A B)^½) of vectors with means a, b and covariances A, B (Heusel et al. 2017)."""
    a, b = (np.cov(vectors, rowvar=False) for vectors in (x, y))
    shared = np.sqrt(linalg.eigvals(a @ b).real.clip(0)).sum()
    return float(np.square(x.mean(0) - y.mean(0)).sum() + np.trace(a) + np.trace(b) - 2 * shared)


def resampled(x: np.ndarray, y: np.ndarray, n: int = 200) -> np.ndarray:
    """Distances of `x`, drawn again with repetitions, from `y`."""
    rng = stream(0, "resampling")
    return np.array([frechet(x[rng.integers(len(x), size=len(x))], y) for _ in range(n)])
