"""Vectors whose truth is known."""

from __future__ import annotations

import numpy as np

from doppelscan.quality.comparing import Features
from doppelscan.seeds import stream


def cloud(n: int, d: int = 6, *, at: float = 0.0, scale: float = 1.0, seed: int = 0) -> np.ndarray:
    """n normal vectors about a point."""
    return at + scale * stream(seed, "cloud", n, d).standard_normal((n, d))


def features(vectors: np.ndarray, each: int = 1) -> Features:
    """The vectors, `each` in a row of one patient."""
    return Features(vectors, np.arange(len(vectors)) // each)
