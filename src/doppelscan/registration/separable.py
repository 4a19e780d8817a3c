"""Matrices that work along one axis of an image: averaging, smoothing, splines; and how they are applied.

Matrices are made once and shared: they are not to be written into.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
import torch.nn.functional as nn
from jaxtyping import Float32, Shaped

__all__ = ["along_axes", "area_average", "gaussian", "splines", "times"]

_ALIGNED = 16  # rows: with these each image begins where the processor reads a whole vector

Matrix = Float32[torch.Tensor, "_ _"]


def along_axes(
    images: Float32[torch.Tensor, "..."], matrices: Sequence[Float32[torch.Tensor, "_ _"]]
) -> Float32[torch.Tensor, "..."]:
    """The last axes of the images, one for each matrix (to, from), each multiplied by its matrix."""
    for matrix in matrices:  # each turn replaces the first of these axes by a new one, put last
        images = times(images.movedim(images.ndim - len(matrices), -1), matrix.T)
    return images


def times(
    rows: Shaped[torch.Tensor, "p ... k"], matrix: Shaped[torch.Tensor, "k to"]
) -> Shaped[torch.Tensor, "p ... to"]:
    """The rows times the matrix, to the last bit the same wherever and with whichever others an image stands.

    One product over all images would round some by where they lie in memory: each has its own, well aligned.
    """
    n_rows = rows.shape[1:-1].numel()
    each = nn.pad(rows.reshape(len(rows), n_rows, len(matrix)), (0, 0, 0, -n_rows % _ALIGNED))
    product = torch.bmm(each, matrix.expand(len(rows), -1, -1))
    return product[:, :n_rows].contiguous().view(*rows.shape[:-1], matrix.shape[1])


@cache
def area_average(length: int, to: int) -> Matrix:
    """Averages of `length` pixels over `to` equal intervals, which may cut through pixels."""
    edges = torch.arange(to + 1, dtype=torch.float64) * length / to
    pixels = torch.arange(length)
    shared = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    return (shared.clamp(min=0) * to / length).float()


@cache
def gaussian(length: int, sigma: float) -> Matrix:
    """Gaussian averages over the pixels that there are: weights sum to 1 at the border as well."""
    pixels = torch.arange(length, dtype=torch.float64)
    weights = torch.exp(-0.5 * ((pixels[:, None] - pixels) / sigma) ** 2)
    return (weights / weights.sum(dim=1, keepdim=True)).float()


@cache
def splines(length: int, n: int) -> Matrix:
    """At each pixel the values of `n` uniform cubic B-splines, which sum to 1; the outer two lie outside."""
    places = 1 + (torch.arange(length, dtype=torch.float64) + 0.5) / length * (n - 3)
    return _cubic((places[:, None] - torch.arange(n)).abs()).float()


def _cubic(distance: torch.Tensor) -> torch.Tensor:
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = (2 - distance).clamp(min=0) ** 3 / 6
    return torch.where(distance < 1, near, far)
