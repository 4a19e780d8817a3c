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
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Int64, Shaped

from doppelscan.encoders.pixels import unit_vectors
from doppelscan.search.bounds import product_error
from doppelscan.search.exact import Sums, is_narrow
from doppelscan.search.poses import Pose
from doppelscan.search.symmetry import Symmetry, slices

__all__ = ["Bands", "Grid", "averages", "averages_error", "block_side", "coarse_error", "grid_shape"]

_U = 2.0**-24
_INFLATION = 16 * _U
_MOST_AVERAGES = 4096


@dataclass(frozen=True)
class Grid:
    """Images as block averages: `values` are Gx, `rest` bounds √(1 - |Gx|²); zeros and one if constant.

    `sums` are those of images that are scored in integers.
    """

    values: Float32[np.ndarray, "n g"]
    rest: Float32[np.ndarray, "n"]
    constant: Bool[np.ndarray, "n"]
    sums: Sums | None = None

    def take(self, which: Int64[np.ndarray, "m"] | slice) -> Grid:
        """Some of the images."""
        sums = self.sums and self.sums.take(which)
        return Grid(self.values[which], self.rest[which], self.constant[which], sums)


@dataclass(frozen=True)
class Bands:
    """How images of one shape are made coarse: averages over blocks, then the rows of `basis`, which is V.

    Each row is of one parity (`symmetry`), and rows of one parity stand together; `rank` says how much of
    the images each tells, 0 the most.
    """

    side: int
    symmetry: Symmetry
    basis: Float64[torch.Tensor, "k g"]
    parity: Int64[np.ndarray, "k"]
    rank: Int64[np.ndarray, "k"]

    @staticmethod
    def learnt(
        grid: Float32[np.ndarray, "n g"], side: int, k: int, of: Symmetry, device: torch.device
    ) -> Bands:
        """The bands whose k coarse numbers say most about the images given: their principal directions.

        `of` is the symmetry of the images; it is the directions of all poses that count.
        """
        symmetry = of.on(grid_shape(of.shape, side))
        parts = symmetry.parted(torch.from_numpy(grid[:: len(symmetry.exchanges)]).double())
        posed = torch.cat(symmetry.exchanged(parts))
        found = [_principal(posed[:, part], k) for part in slices(symmetry.widths)]
        variances = np.concatenate([variance for variance, _ in found])
        rank = np.argsort(np.argsort(-variances, kind="stable"), kind="stable")
        parity = np.repeat(np.arange(len(found)), [len(variance) for variance, _ in found])
        directions = torch.block_diag(*(d for _, d in found))  # type: ignore[no-untyped-call]
        basis = symmetry.mended(directions)
        every = Bands(side, symmetry, basis.to(device), parity, rank)
        return every.first(k)

    @property
    def k(self) -> int:
        """Coarse numbers of an image."""
        return len(self.basis)

    @property
    def widths(self) -> tuple[int, ...]:
        """How many entries of a coarse vector are of each parity."""
        n_rows = np.bincount(self.parity, minlength=self.symmetry.n_parts)
        return (1 + int(n_rows[0]), *n_rows[1:].tolist())

    def first(self, k: int) -> Bands:
        """The bands with the k coarse numbers only that tell the most."""
        kept = self.rank < k
        basis = self.basis[torch.from_numpy(kept).to(self.basis.device)]
        return replace(self, basis=basis, parity=self.parity[kept], rank=self.rank[kept])

    def coarse(self, grid: Grid) -> Float32[torch.Tensor, "n coarse"]:
        """Vectors whose inner product, with `coarse_error` added, is at least the correlation of two images.

        The rest comes first: whatever the pose, it adds to the bound.
        """
        c = (torch.from_numpy(grid.values).to(self.basis.device).double() @ self.basis.T).float()
        return torch.cat([_rest(c.double().square().sum(dim=1, keepdim=True)), c], dim=1)

    def coarse_by_rank(self, grid: Grid) -> Float32[torch.Tensor, "n k"]:
        """The coarse numbers alone, those first that tell the most."""
        return self.coarse(grid)[:, 1:][:, torch.from_numpy(np.argsort(self.rank)).to(self.basis.device)]

    def coarse_in_each_order(self, grid: Grid) -> list[Float32[torch.Tensor, "n coarse"]]:
        """The same of the images with their axes in each order that there is, the first as they are."""
        images = grid.values.reshape(-1, *self.symmetry.shape)
        orders = (Pose(axes, ()).of(images) for axes in self.symmetry.exchanges)
        values = (np.ascontiguousarray(of_order).reshape(grid.values.shape) for of_order in orders)
        return [self.coarse(replace(grid, values=v)) for v in values]


def _principal(
    values: Float64[torch.Tensor, "n g"], k: int
) -> tuple[Float64[np.ndarray, "q"], Float64[torch.Tensor, "q g"]]:
    """At most k principal directions, orthonormal, and the variance along each, falling."""
    with _one_thread():
        variances, vectors = torch.linalg.eigh(
            values @ values.T
        )  # float32 fails to converge on some of rank one
        last = slice(-min(k, *values.shape), None) if values.numel() else slice(0)
        directions = torch.linalg.qr(values.T @ vectors[:, last].flip(1)).Q.T.contiguous()
    return variances[last].flip(0).numpy(), directions


@contextmanager
def _one_thread() -> Iterator[None]:
    """For factorizations: where others use the cores, threads that meet at each column take 50 times as long."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def coarse_error(length: int, device: torch.device) -> float:
    """How much less than the correlation the product of coarse vectors can be: 16u and the product's own.

    In parts that are then added up it is the same sum, in another order.
    """
    return 16 * _U + product_error(length, device)


def averages_error(values: Float32[np.ndarray, "n g"]) -> float:
    """How much less than it should a product of averages, summed in any order, can be: 16u + γ_g."""
    k = int(values.shape[1]) + 2
    return 16 * _U + k * _U / (1 - k * _U)


def block_side(shape: tuple[int, ...]) -> int:
    """How many pixels wide blocks are: the least power of two that leaves at most 4,096 averages."""
    side = 2
    while math.prod(grid_shape(shape, side)) > _MOST_AVERAGES and side < max(shape[1:], default=0):
        side *= 2
    return side


def grid_shape(shape: tuple[int, ...], side: int) -> tuple[int, ...]:
    """The channels of an image, and how many blocks it has along each axis of space."""
    return (*shape[:1], *(len(_borders(length, side)) - 1 for length in shape[1:]))


def averages(pixels: Shaped[np.ndarray, "n c *space"], side: int) -> Grid:
    """The images as averages over blocks, `side` pixels wide along each axis of space.

    Blocks lie symmetrically, so that the averages of a flipped image are those of the image, flipped;
    where `side` does not divide a length, those in the middle are wider or narrower.

    Raises
    ------
    InputError
        If a pixel is NaN, infinite, or too large.
    """
    borders = [_borders(length, side) for length in pixels.shape[2:]]
    counts = _counts(borders)
    if is_narrow(pixels.dtype):
        return _of_integers(pixels, borders, counts)
    return _of_numbers(pixels, borders, counts)


def _borders(length: int, side: int) -> Int64[np.ndarray, "b"]:
    """Where blocks begin, and the end: from both ends alike, what is left in the middle."""
    outer = np.arange(0, (length - 1) // 2 + 1, side) if length else np.zeros(1, dtype=np.int64)
    middle = length - 2 * int(outer[-1])
    halves = [length // 2] if middle > side and length % 2 == 0 else []
    return np.concatenate([outer, halves, length - outer[::-1]]).astype(np.int64)


def _of_integers(
    pixels: Shaped[np.ndarray, "n c *space"],
    borders: list[Int64[np.ndarray, "_"]],
    counts: Float64[np.ndarray, "*grid"],
) -> Grid:
    """Exact sums first; float64 from then on. Planes are the images' last two axes."""
    from doppelscan.search.kernels import block_values

    rows, columns = [np.array([0, 1])] * (2 - len(borders)) + borders[-2:]
    planes = pixels.reshape(len(pixels), -1, rows[-1], columns[-1])
    cells = _cells(pixels.shape[1], borders[:-2])
    of_cells = np.tile(counts.reshape(-1, len(rows) - 1, len(columns) - 1), (pixels.shape[1], 1, 1))
    values, squared, total, variation = block_values(planes, rows, columns, cells, of_cells)
    sums = Sums.of(total, variation, math.prod(pixels.shape[1:]))
    return Grid(values, _rest(torch.from_numpy(squared)).numpy(), variation == 0, sums)


def _cells(n_channels: int, borders: list[Int64[np.ndarray, "_"]]) -> Int64[np.ndarray, "planes"]:
    """Which block of the axes before the last two each plane of an image lies in, channel after channel."""
    cells = np.arange(n_channels)
    for along in borders:
        within = np.repeat(np.arange(len(along) - 1), np.diff(along))
        cells = np.add.outer(cells * (len(along) - 1), within).ravel()
    return cells


def _of_numbers(
    pixels: Shaped[np.ndarray, "n c *space"],
    borders: list[Int64[np.ndarray, "_"]],
    counts: Float64[np.ndarray, "*grid"],
) -> Grid:
    unit = unit_vectors(pixels)
    values = _summed(unit.vectors.numpy().reshape(pixels.shape).astype(np.float64), borders)
    values /= np.sqrt(counts)
    return _grid(values.reshape(len(values), -1), unit.constant.numpy())


def _summed(
    values: Shaped[np.ndarray, "n c *space"], borders: list[Int64[np.ndarray, "_"]]
) -> Shaped[np.ndarray, "n c *grid"]:
    """Sums between the borders of each axis, from the first axis of space on."""
    for axis, along in enumerate(borders, 2):
        values = np.add.reduceat(values, along[:-1], axis=axis)
    return values


def _counts(borders: list[Int64[np.ndarray, "_"]]) -> Float64[np.ndarray, "*grid"]:
    """How many pixels each block has."""
    return np.array(math.prod(np.ix_(*map(np.diff, borders))), dtype=np.float64)


def _grid(values: Float64[np.ndarray, "n g"], constant: Bool[np.ndarray, "n"]) -> Grid:
    stored = torch.from_numpy(values.astype(np.float32))
    squared = torch.from_numpy(np.einsum("ng,ng->n", values, values))
    return Grid(stored.numpy(), _rest(squared).numpy(), constant)


def _rest(squared: Float64[torch.Tensor, "*n"]) -> Float32[torch.Tensor, "*n"]:
    """√(1 - |c|²), rounded upwards."""
    return ((1 - squared).clamp(min=0) + _INFLATION).sqrt().float() * (1 + 2 * _U)
