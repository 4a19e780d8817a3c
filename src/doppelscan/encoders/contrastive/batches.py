"""Which images share a step of training? Those of a patient, whom the network must tell apart."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from doppelscan.seeds import stream

__all__ = ["batch_of"]


def batch_of(
    step: int, patients: Int64[np.ndarray, " n"], n_batches: int, seed: int
) -> Int64[np.ndarray, " m"]:
    """The images of one step, as positions: every image is in one of each `n_batches` consecutive steps.

    In each epoch patients come in a random order, each with all of their images: the negatives of an image
    hold those that are hardest to tell from it.
    """
    epoch, part = divmod(step, n_batches)
    rng = stream(seed, "order of images", epoch)
    place = rng.permutation(int(patients.max()) + 1)[patients]
    order = np.lexsort((rng.random(len(patients)), place))
    return np.asarray(np.array_split(order, n_batches)[part], dtype=np.int64)
