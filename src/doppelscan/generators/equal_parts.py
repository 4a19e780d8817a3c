"""How does a batch pass a network in smaller parts? All of one size: in a part of another size sums round otherwise."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Shaped

__all__ = ["in_equal_parts"]

Batch = Shaped[torch.Tensor, "n *shape"]


def in_equal_parts(
    images: Batch, size: int, work: Callable[[Batch], Shaped[torch.Tensor, "m ..."]]
) -> Shaped[torch.Tensor, "n ..."]:
    """What `work` gives for each image, so many at a time, the last part filled up with the first images.

    So what comes of an image does not depend on its place in the batch.
    """
    n, size = len(images), min(size, len(images))
    missing = -n % size
    filled = torch.cat([images, images[:missing]]) if missing else images
    return torch.cat([work(part) for part in torch.split(filled, size)])[:n]
