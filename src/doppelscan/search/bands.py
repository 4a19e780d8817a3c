r"""Bounds on correlations: which few numbers of an image give them, and what is added for rounding.

Of a centred image x of length one, let Gx be its averages over blocks of pixels, scaled so that G has
orthonormal rows, and VGx a few combinations of them, V orthonormal too. With c = VGx, and likewise for y,

    <x, y> = <c_x, c_y> + <rest of x, rest of y> ≤ <c_x, c_y> + √(1 - |c_x|²) √(1 - |c_y|²)

by Cauchy and Schwarz: the inner product of vectors of one coordinate more, and so one small matrix
product bounds all pairs. The same with Gx itself is tighter, and dearer.

Rounding: what is stored of Gx, and of c, misses by a vector of length δ ≤ 3u, u = 2^-24, since both are
computed in float64 and rounded to float32 once or twice. Writing x as what is stored plus a remainder e,
|e|² ≤ 1 - |stored|² + 2δ, and the parts are orthogonal to within δ_x + δ_y. Hence `_INFLATION`, which is
added to the squared rests, and the 16u of the errors; a float32 sum of n products itself misses by at
most γ_n (Higham, eq. 3.5), whatever its order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Shaped

from doppelscan.encoders.pixels import unit_vectors
from doppelscan.search.bounds import product_error
from doppelscan.search.exact import is_narrow, variation

__all__ = ["Bands", "Grid", "averages", "averages_error", "block_side", "coarse_error"]

_U = 2.0**-24
_INFLATION = 16 * _U
_MOST_AVERAGES = 4096


@dataclass(frozen=True)
class Grid:
    """Images as block averages: `values` are Gx, `rest` bounds √(1 - |Gx|²); zeros and one if constant."""

    values: Float32[np.ndarray, "n g"]
    rest: Float32[np.ndarray, "n"]
    constant: Bool[np.ndarray, "n"]


@dataclass(frozen=True)
class Bands:
    """How images of one shape are made coarse: averages over blocks, then the rows of `basis`, which is V."""

    side: int
    basis: Float64[torch.Tensor, "k g"]

    @staticmethod
    def learnt(grid: Float32[np.ndarray, "n g"], side: int, k: int, device: torch.device) -> Bands:
        """The bands whose k coarse numbers say most about the images given: their principal directions."""
        values = torch.from_numpy(grid)
        alike = values @ values.T
        with _one_thread():
            _, vectors = torch.linalg.eigh(alike)
            directions = values.double().T @ vectors[:, -k:].flip(1).double()
            basis = torch.linalg.qr(directions).Q.T.contiguous()
        return Bands(side, basis.to(device))

    @property
    def k(self) -> int:
        """Coarse numbers of an image."""
        return len(self.basis)

    def first(self, k: int) -> Bands:
        """The bands with the first k coarse numbers only."""
        return Bands(self.side, self.basis[:k].contiguous())

    def coarse(self, grid: Grid) -> Float32[torch.Tensor, "n coarse"]:
        """Vectors whose inner product, with `coarse_error` added, is at least the correlation of two images."""
        c = (torch.from_numpy(grid.values).to(self.basis.device).double() @ self.basis.T).float()
        return torch.cat([c, _rest(c.double().square().sum(dim=1, keepdim=True))], dim=1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """For factorizations: where others use the cores, threads that meet at each column take 50 times as long."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def coarse_error(vectors: Float32[torch.Tensor, "n coarse"]) -> float:
    """How much less than the correlation the rough product of coarse vectors can be: 16u and the product's own."""
    return 16 * _U + product_error(int(vectors.shape[1]), vectors.device)


def averages_error(values: Float32[np.ndarray, "n g"]) -> float:
    """How much less than it should a product of averages, summed in any order, can be: 16u + γ_g."""
    k = int(values.shape[1]) + 2
    return 16 * _U + k * _U / (1 - k * _U)


def block_side(shape: tuple[int, ...]) -> int:
    """How many pixels wide blocks are: the least power of two that leaves at most 4,096 averages."""
    planes, h, w = _planes(shape)
    side = 2
    while planes * -(-h // side) * -(-w // side) > _MOST_AVERAGES and side < max(h, w):
        side *= 2
    return side


def averages(pixels: Shaped[np.ndarray, "n c *space"], side: int) -> Grid:
    """The images as averages over blocks of `side` x `side` pixels of each plane.

    Raises
    ------
    InputError
        If a pixel is NaN, infinite, or too large.
    """
    planes = pixels.reshape(len(pixels), *_planes(pixels.shape[1:]))
    if is_narrow(pixels.dtype):
        return _of_integers(planes, side)
    return _of_numbers(planes, side)


def _planes(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """The last two axes as they are, all others as one."""
    *others, h, w = (1, 1, *shape)
    return math.prod(others), h, w


def _of_integers(pixels: Shaped[np.ndarray, "n planes h w"], side: int) -> Grid:
    """Exact sums first; float64 from then on."""
    from doppelscan.search.kernels import block_sums

    d = math.prod(pixels.shape[1:])
    counts = _counts(pixels.shape[2:], side)
    sums, squares = block_sums(pixels, side)
    total = sums.sum(axis=(1, 2, 3))
    length = np.sqrt(variation(total, squares, d))
    constant = length == 0
    mean = (total / d)[:, None, None, None]
    values = (sums - mean * counts) / np.sqrt(counts)
    values /= np.where(constant, np.inf, length)[:, None, None, None]
    return _grid(values.reshape(len(values), -1), constant)


def _of_numbers(pixels: Shaped[np.ndarray, "n planes h w"], side: int) -> Grid:
    unit = unit_vectors(pixels)
    values = unit.vectors.numpy().reshape(pixels.shape).astype(np.float64)
    for axis in (2, 3):
        values = np.add.reduceat(values, np.arange(0, pixels.shape[axis], side), axis=axis)
    values /= np.sqrt(_counts(pixels.shape[2:], side))
    return _grid(values.reshape(len(values), -1), unit.constant.numpy())


def _counts(space: tuple[int, ...], side: int) -> Float64[np.ndarray, "gh gw"]:
    """How many pixels each block has."""
    heights, widths = (np.diff(np.append(np.arange(0, length, side), length)) for length in space)
    return np.outer(heights, widths).astype(np.float64)


def _grid(values: Float64[np.ndarray, "n g"], constant: Bool[np.ndarray, "n"]) -> Grid:
    stored = torch.from_numpy(values.astype(np.float32))
    squared = torch.from_numpy(np.einsum("ng,ng->n", values, values))
    return Grid(stored.numpy(), _rest(squared).numpy(), constant)


def _rest(squared: Float64[torch.Tensor, "*n"]) -> Float32[torch.Tensor, "*n"]:
    """√(1 - |c|²), rounded upwards."""
    return ((1 - squared).clamp(min=0) + _INFLATION).sqrt().float() * (1 + 2 * _U)
