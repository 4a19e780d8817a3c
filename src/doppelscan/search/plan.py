"""How many images are in memory at once, and in which order they pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float32, Shaped

from doppelscan.encoders.devices import device_named
from doppelscan.encoders.pixels import unit_vectors
from doppelscan.errors import InputError, Problem
from doppelscan.search.bands import Bands, Grid, averages, coarse_error
from doppelscan.search.blocks import ArrayBlocks, Blocks
from doppelscan.search.bounds import product_error
from doppelscan.search.exact import Sums, is_narrow, variation, worth_compiled
from doppelscan.search.poses import Symmetries
from doppelscan.search.symmetry import Symmetry
from doppelscan.settings import Resources

__all__ = ["Held", "Plan"]

_BYTES_A_CORRELATION = 64  # the float32 product of a tile, its masks, and pairs drawn from it
_STEP = 2**24  # bytes of float64 pixels made into vectors at once: what a processor cache holds


@dataclass(frozen=True)
class Held:
    """Consecutive images in memory: their pixels as stored, and on the device what is multiplied.

    `vectors` are unit vectors, or coarse ones where the plan has bands; then `grid` holds the averages.
    Where flips count, they are in parts (`symmetry`). Of queries, `turned` has them for each further order of axes.
    """

    start: int
    pixels: Shaped[np.ndarray, "n *shape"]
    vectors: Float32[torch.Tensor, "n d"]
    constant: Bool[torch.Tensor, "n"]
    turned: tuple[Float32[torch.Tensor, "n d"], ...] = ()
    grid: Grid | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def views(self) -> tuple[Float32[torch.Tensor, "n d"], ...]:
        """The vectors of the images with their axes in each order that there is."""
        return (self.vectors, *self.turned)

    @property
    def span(self) -> slice:
        """Where these images are in their set."""
        return slice(self.start, self.start + len(self))


@dataclass(frozen=True)
class Plan:
    """How two sides of images pass through bounded memory.

    An eighth of `memory` bounds each block of images, of which four can be alive (of either side the one
    at work and the one being read), and the tile of correlations of two blocks; a sixteenth each bounds
    float64 work on vectors and on exact scores. One image a block is the least.
    """

    memory: int
    device: torch.device
    shape: tuple[int, ...]
    itemsize: int
    symmetries: Symmetries = "none"
    bands: Bands | None = None

    @staticmethod
    def of(resources: Resources | None, *sides: Blocks, symmetries: Symmetries = "none") -> Plan:
        """The plan for sides that each hold an image.

        Raises
        ------
        InputError
            If the sides differ in shape, hold no real numbers, or the symmetries or the device are not there.
        """
        resources = resources or Resources()
        firsts = [side.read(0, 1) for side in sides]
        for image in firsts:
            _refuse_other_shapes(image.shape[1:], firsts[0].shape[1:])
            _refuse_other_than_real(image.dtype)
        device = device_named(resources.device)
        itemsize = max(image.dtype.itemsize for image in firsts)
        return Plan(_memory(resources.memory, device), device, firsts[0].shape[1:], itemsize, symmetries)

    @cached_property
    def symmetry(self) -> Symmetry:
        """The poses of queries that count."""
        return Symmetry.of(self.symmetries, self.shape)

    @property
    def widths(self) -> tuple[int, ...]:
        """How many entries of a vector are of each parity."""
        return self.bands.widths if self.bands else self.symmetry.widths

    @property
    def error(self) -> float:
        """The most by which a product of vectors can be less than the correlation that it stands for."""
        if self.bands:
            return coarse_error(1 + self.bands.k, self.device)
        return product_error(self.d, self.device, n_folds=self.symmetry.n_folds)

    @property
    def d(self) -> int:
        """Values in one image."""
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        """Images in one block."""
        tile = math.isqrt(self.memory // 8 // _BYTES_A_CORRELATION)
        return max(1, min(self.memory // 8 // self._bytes_an_image, tile))

    @property
    def scratch(self) -> int:
        """Bytes for float64 work."""
        return self.memory // 16

    def held(self, images: Blocks, start: int = 0) -> Iterator[Held]:
        """The images from `start` on, block by block."""
        stops = ((at, min(at + self.size, len(images))) for at in range(start, len(images), self.size))
        return (self._hold(images, *ends) for ends in stops)

    def queries(self, images: Blocks) -> Iterator[Held]:
        """All images, block by block, also with their axes in each further order that counts."""
        return map(self.in_each_order, self.held(images))

    def again(self, images: Blocks) -> Callable[[int], Iterable[Held]]:
        """What `held` gives, for any number of passes; kept where the memory of two blocks holds all."""
        if not self.keeps(images):
            return lambda start: self.held(images, start)
        kept = list(self.held(images))
        return lambda start: (block for block in kept if block.start >= start)

    def keeps(self, images: Blocks) -> bool:
        """Whether all images stay in memory from one pass to the next."""
        return len(images) * self._bytes_an_image <= self.memory // 4

    def parts(self, block: Held) -> Iterator[Held]:
        """The images of a block that another plan made, in blocks of this plan."""
        parts = (self.queries if block.turned else self.held)(ArrayBlocks(block.pixels))
        return (replace(part, start=block.start + part.start) for part in parts)

    @property
    def _bytes_an_image(self) -> int:
        stored, n_views = self.d * self.itemsize, len(self.symmetry.exchanges)
        if self.bands:
            return stored + 4 * (n_views * (self.bands.k + 1) + 1 + self.bands.basis.shape[1])
        return max(1, stored + 4 * n_views * self.d)

    def _hold(self, images: Blocks, start: int, stop: int) -> Held:
        pixels = images.read(start, stop)
        _refuse_other_shapes(pixels.shape[1:], self.shape)
        assert len(pixels) == stop - start, f"asked for {stop - start} images, read {len(pixels)}"
        if self.bands:
            return self._hold_bands(start, pixels, self.bands)
        if is_narrow(pixels.dtype) and worth_compiled(pixels.size):
            return self._parted(self._hold_narrow(start, pixels))
        vectors = torch.empty(len(pixels), self.d, dtype=torch.float32, device=self.device)
        constant = torch.empty(len(pixels), dtype=torch.bool, device=self.device)
        for some in self._steps(len(pixels)):
            unit = unit_vectors(pixels[some], device=self.device)
            vectors[some], constant[some] = unit.vectors, unit.constant
        return self._parted(Held(start, pixels, vectors, constant))

    def _steps(self, n: int) -> Iterator[slice]:
        """So many images at once that work on them in float64 stays small."""
        step = max(1, min(self.scratch // 4, _STEP) // (8 * max(1, self.d)))
        return (slice(at, at + step) for at in range(0, n, step))

    def _parted(self, held: Held) -> Held:
        """The same with its vectors in parts: in float64, rounded once more."""
        if not self.symmetry.trivial:
            for some in self._steps(len(held)):
                held.vectors[some] = self.symmetry.parted(held.vectors[some].double()).float()
        return held

    def in_each_order(self, held: Held) -> Held:
        """The same images also with their axes in each further order that counts."""
        if len(self.symmetry.exchanges) == 1:
            return held
        if self.bands and held.grid:
            return replace(held, turned=tuple(self.bands.coarse_in_each_order(held.grid)[1:]))
        return replace(held, turned=tuple(self.symmetry.exchanged(held.vectors)[1:]))

    def _hold_narrow(self, start: int, pixels: Shaped[np.ndarray, "n *shape"]) -> Held:
        """The same, read once, from exact sums."""
        from doppelscan.search.kernels import integer_products, unit_rows

        flat, all_of_them = pixels.reshape(len(pixels), -1), np.arange(len(pixels))
        ones = np.ones((1, self.d), dtype=pixels.dtype)
        total = integer_products(ones, flat, (np.zeros_like(all_of_them), all_of_them))
        squares = integer_products(flat, flat, (all_of_them, all_of_them))
        length = np.sqrt(variation(total, squares, self.d))
        constant = length == 0
        vectors = unit_rows(
            flat, total / self.d, np.where(constant, 0.0, 1 / np.where(constant, 1.0, length))
        )
        on_device = torch.from_numpy(vectors).to(self.device), torch.from_numpy(constant).to(self.device)
        return Held(start, pixels, *on_device)

    def _hold_bands(self, start: int, pixels: Shaped[np.ndarray, "n *shape"], bands: Bands) -> Held:
        values = np.empty((len(pixels), bands.basis.shape[1]), dtype=np.float32)
        rest, constant = np.empty(len(pixels), dtype=np.float32), np.empty(len(pixels), dtype=bool)
        sums: list[Sums | None] = []
        vectors = torch.empty(len(pixels), bands.k + 1, dtype=torch.float32, device=self.device)
        floats = 0 if is_narrow(pixels.dtype) else 3 * self.d
        step = max(1, self.scratch // (8 * (4 * values.shape[1] + floats)))
        for at in range(0, len(pixels), step):
            part = averages(pixels[at : at + step], bands.side)
            here = slice(at, at + step)
            values[here], rest[here], constant[here] = part.values, part.rest, part.constant
            vectors[here] = bands.coarse(part)
            sums.append(part.sums)
        grid = Grid(values, rest, constant, Sums.joined(sums))
        return Held(start, pixels, vectors, torch.from_numpy(constant).to(self.device), grid=grid)


def _refuse_other_shapes(found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        what = f"images of shape {found} cannot be compared with images of shape {expected}"
        raise InputError(
            Problem(what, cure="bring all to one with `doppelscan prepare --size` or `audit --size`")
        )


def _refuse_other_than_real(dtype: np.dtype) -> None:
    if not np.can_cast(dtype, np.float64, casting="same_kind"):
        raise InputError(Problem(f"pixels of type {dtype} are not real numbers"))


def _memory(allowed: int, device: torch.device) -> int:
    """What may be used: also on the device, where it has memory of its own."""
    if device.type != "cuda":
        return allowed
    return min(allowed, torch.cuda.mem_get_info(device)[0])
