"""How far is a set of drawn images from real ones? Frechet distances of fixed encoders' vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy import linalg

from doppelscan.encoders.contrastive import ContrastiveSettings, fitted
from doppelscan.imagesets import ImageSet
from doppelscan.quality.frechet import frechet_distance
from doppelscan.seeds import stream

__all__ = ["ENCODERS", "Encode", "resampled"]

Encode = Callable[[np.ndarray], np.ndarray]
N_COMPONENTS = 32
N_RINGS = 12


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


def by_spectrum(_real: np.ndarray) -> Encode:
    """The logarithm of the power of each ring of frequencies: blur and noise, wherever they are."""

    def encode(pixels: np.ndarray) -> np.ndarray:
        power = np.abs(np.fft.fft2(pixels[:, 0] / 255.0)) ** 2
        y, x = (np.fft.fftfreq(length)[:, None] for length in pixels.shape[2:])
        n = min(N_RINGS, *(length // 2 for length in power.shape[1:]))  # so that none is empty
        ring = np.minimum(np.hypot(y, x.T) * 2 * n, n).astype(int)  # the corners are one more
        means = [power[:, ring == i].mean(axis=1) for i in range(n + 1)]
        return np.log(np.stack(means, axis=1) + 1e-6)

    return encode


ENCODERS: Mapping[str, Callable[[np.ndarray], Encode]] = {
    "pixels' components": by_principal_components,
    "spectrum": by_spectrum,
    "contrastive encoder": by_contrast,
}
"""Made from real training images, which they then encode like any others."""


def resampled(x: np.ndarray, y: np.ndarray, n: int = 200) -> np.ndarray:
    """Distances of `x`, drawn again with repetitions, from `y`."""
    rng = stream(0, "resampling")
    return np.array([frechet_distance(x[rng.integers(len(x), size=len(x))], y) for _ in range(n)])
