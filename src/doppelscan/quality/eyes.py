"""Who looks at the images? An encoder trained on the real ones, their own pixels made small, or published weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Shaped

from doppelscan.encoders.contrastive import ContrastiveSettings, fitted
from doppelscan.encoders.contrastive.inputs import input_space
from doppelscan.encoders.inception import InceptionEncoder, inception
from doppelscan.encoders.inception_network import N_CLASSES, N_FEATURES
from doppelscan.encoders.pretrained import pretrained
from doppelscan.images.geometry import resize
from doppelscan.imagesets import ImageSet
from doppelscan.quality.settings import QualitySettings
from doppelscan.search.vectors import Encoder
from doppelscan.settings import Resources
from doppelscan.store import fingerprint
from doppelscan.workers import Progress

__all__ = ["LogitsToo", "SmallPixels", "Window", "eye_for", "window_of"]

_SIDES = {2: 32, 3: 12}  # pixels along the longest axis, by axes of space

Window = tuple[float, float]


def eye_for(
    seen: ImageSet, window: Window, settings: QualitySettings, *, resources: Resources, progress: Progress
) -> Encoder:
    """The encoder of these settings; one that is trained learns from the images `seen`.

    Raises
    ------
    InputError
        If weights are absent or of another network, or the images cannot be seen by it.
    """
    if settings.is_inception:
        shown = None if seen.pixels.dtype == np.uint8 else window
        return LogitsToo(inception(settings.encoder, window=shown, resources=resources))
    if settings.pretrained is not None:
        return pretrained(settings.pretrained, resources=resources)
    if settings.encoder == "pixels":
        return SmallPixels(window, _SIDES[len(seen.shape) - 1])
    how = ContrastiveSettings(effort=settings.effort)
    return fitted(seen, how, seed=settings.seed, resources=resources, progress=progress)


def window_of(images: ImageSet, resources: Resources) -> Window:
    """The values shown as black and as white: 0 and 255 of 8 bits, else the extremes of these images."""
    if images.pixels.dtype == np.uint8:
        return 0.0, 255.0
    size = max(1, resources.memory // 8 // (8 * math.prod(images.shape)))
    blocks = (images.read(start, min(start + size, len(images))) for start in range(0, len(images), size))
    ends = [(float(block.min()), float(block.max())) for block in blocks]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    return (low, high) if high > low else (low, low + 1)


@dataclass(frozen=True)
class SmallPixels:
    """Pixels from 0 (black) to 1 (white), the longest side at most `side`, each the mean of what it covers.

    Brightness and contrast count; fine detail does not: it is averaged away.
    """

    window: Window
    side: int

    @property
    def fingerprint(self) -> str:
        """What tells its vectors from others'."""
        return fingerprint(["small pixels", 1, list(self.window), self.side])

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        """The vector of each image."""
        low, high = self.window
        longest = max(pixels.shape[2:])
        space = input_space(pixels.shape[2:], min(self.side, longest))
        small = [resize((image.astype(np.float64) - low) / (high - low), space).ravel() for image in pixels]
        return np.stack(small).astype(np.float32)


@dataclass(frozen=True)
class LogitsToo:
    """Inception's features of all views of an image, and behind them the logits of all views."""

    encoder: InceptionEncoder

    @property
    def fingerprint(self) -> str:
        """What tells its vectors from others'."""
        return fingerprint(["with logits", 1, self.encoder.fingerprint])

    def vectors(self, pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[np.ndarray, "n d"]:
        """Features and logits of each image, in one row."""
        outputs = self.encoder.outputs(pixels)
        return np.concatenate(
            [outputs.features.reshape(len(pixels), -1), outputs.logits.reshape(len(pixels), -1)], 1
        )

    @staticmethod
    def split(
        vectors: Float32[np.ndarray, "n d"],
    ) -> tuple[Float32[np.ndarray, "n f"], Float32[np.ndarray, "n l"]]:
        """What `vectors` joined: the features of all views, and the logits of all."""
        n_views = vectors.shape[1] // (N_FEATURES + N_CLASSES)
        features, logits = np.split(vectors, [n_views * N_FEATURES], axis=1)
        return features, logits
