"""Smooth random pictures, and how they are moved."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from doppelscan.seeds import stream


def smooth(
    n: int, space: tuple[int, ...], *, channels: int = 1, seed: int = 0, sigma: float = 3.0
) -> np.ndarray:
    """Images of blobs, of n different scenes, as uint8."""
    noise = stream(seed, "scenes").normal(size=(n, channels, *space))
    blobs = ndimage.gaussian_filter(noise, (0, 0) + (sigma,) * len(space))
    low = blobs.min(axis=tuple(range(1, blobs.ndim)), keepdims=True)
    high = blobs.max(axis=tuple(range(1, blobs.ndim)), keepdims=True)
    return np.rint(255 * (blobs - low) / (high - low)).astype(np.uint8)


def moved(images: np.ndarray, matrix: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Each image as seen at `matrix @ x + offset`, x in halves of the longest side from the centre."""
    space = np.array(images.shape[2:])
    centre, half = (space - 1) / 2, space.max() / 2
    start = centre + half * offset - matrix @ centre
    seen = [
        [
            ndimage.affine_transform(channel.astype(float), matrix, start, order=1, mode="nearest")
            for channel in image
        ]
        for image in images
    ]
    return np.rint(np.array(seen)).astype(images.dtype)


def turn(degrees: float, n_axes: int = 2) -> np.ndarray:
    """The turn by an angle in the plane of the last two axes."""
    matrix, angle = np.eye(n_axes), np.radians(degrees)
    matrix[-2:, -2:] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return matrix
