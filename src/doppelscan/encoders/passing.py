"""How images pass a network so that none sees the others: in batches that are always of one size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float32, Shaped

__all__ = ["at_once", "in_equal_batches"]

Pixels = Shaped[np.ndarray, "m *shape"]


def in_equal_batches(
    pixels: Shaped[np.ndarray, "n *shape"], size: int, encode: Callable[[Pixels], Float32[np.ndarray, "m d"]]
) -> Float32[np.ndarray, "n d"]:
    """What `encode` says of each image, given `size` at a time, the last ones filled up with zeros.

    Batches of one size are summed in one order, so that a vector does not change with the company.
    """
    parts = []
    for start in range(0, max(len(pixels), 1), size):
        batch = np.zeros((size, *pixels.shape[1:]), pixels.dtype)
        few = pixels[start : start + size]
        batch[: len(few)] = few
        parts.append(encode(batch)[: len(few)])
    return np.concatenate(parts)


def at_once(device: torch.device) -> int:
    """How many images of a few hundred pixels a side pass a large network together."""
    return 64 if device.type == "cuda" else 4
