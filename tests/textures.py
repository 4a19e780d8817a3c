"""Images with much to recognise, of nobody: smooth blobs of several sizes."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from doppelscan.seeds import stream


def textures(n: int, shape: tuple[int, ...] = (1, 96, 96), seed: int = 0) -> np.ndarray:
    """n images (n, c, *space) of 8 bits, each drawn by itself."""
    return np.stack([_texture(shape, stream(seed, "texture", i)) for i in range(n)])


def turned(image: np.ndarray, degrees: float, zoom: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A film turned and zoomed about its centre, and the matrix from its pixels to those of the film."""
    h, w = image.shape[1:]
    forth = cv2.getRotationMatrix2D(((w - 1) / 2, (h - 1) / 2), degrees, zoom)
    moved = [cv2.warpAffine(c, forth, (w, h), borderMode=cv2.BORDER_REFLECT) for c in image]
    return np.stack(moved), cv2.invertAffineTransform(forth)


def _texture(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    layers = [
        ndimage.gaussian_filter(rng.normal(size=shape), (0, *[s] * (len(shape) - 1))) for s in (1.5, 3, 7)
    ]
    total = sum(layer / layer.std() for layer in layers)
    return np.clip(127 + 35 * total, 0, 255).astype(np.uint8)
