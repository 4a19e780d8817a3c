"""An Inception without weights: features and logits from a few pixels."""

from __future__ import annotations

import numpy as np

from doppelscan.encoders.inception import InceptionEncoder, Outputs
from doppelscan.encoders.inception_network import N_CLASSES, N_FEATURES


class FakeInception(InceptionEncoder):
    """One view of one channel or of three, else one a channel; the value of a feature is that of a pixel."""

    fingerprint = "fake"  # type: ignore[assignment]

    def __init__(self) -> None:
        """Nothing is loaded."""

    def outputs(self, pixels: np.ndarray) -> Outputs:
        views = pixels[:, :1] if pixels.shape[1] in {1, 3} else pixels
        flat = views.reshape(len(pixels), views.shape[1], -1).astype(np.float32) / 32
        return Outputs(_filled(flat, N_FEATURES), _filled(flat, N_CLASSES))


def _filled(flat: np.ndarray, length: int) -> np.ndarray:
    """The first numbers of each view, zeros behind them."""
    kept = flat[..., :length]
    return np.concatenate([kept, np.zeros((*kept.shape[:2], length - kept.shape[2]), np.float32)], axis=2)
