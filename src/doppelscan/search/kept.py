"""References that many searches share: what a search makes of them is made once and kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Int64, Shaped

from doppelscan.search.bands import Bands
from doppelscan.search.blocks import ArrayBlocks, Blocks, part_of
from doppelscan.search.choosing import bands_for
from doppelscan.search.neighbours import Groups
from doppelscan.search.plan import Held, Plan
from doppelscan.search.poses import Symmetries

__all__ = ["Among", "Kept", "Passes", "asked", "prepared"]

_PART = 6  # so much of the memory may hold pixels of either side, beside the blocks that are being made

Passes = Callable[[int], Iterable[Held]]


@dataclass(eq=False)
class Kept:
    """Blocks to be given as references to several searches, one after the other.

    The bands that pay for the first large search serve all later ones, and blocks that fit in memory stay
    there. What is found is the same as without. `spread` is where parts of them lie on a cluster.
    """

    references: Blocks
    _read: ArrayBlocks | None = field(default=None, repr=False)
    _held: dict[Symmetries, tuple[Bands | None, Passes]] = field(default_factory=dict, repr=False)
    spread: dict[Symmetries, object] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.references)

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """The pixels of images `start` to `stop` (excluded)."""
        return self.references.read(start, stop)

    def prepared(self, queries: Blocks, exclude: Groups | None, plan: Plan) -> tuple[Plan, Passes]:
        """The plan for these queries, and the references' blocks."""
        held = self._held.get(plan.symmetries)
        if held is None or held[0] is None:
            images = self._in_memory(plan)
            bands = bands_for(queries, images, exclude, plan)
            if held is None or bands:
                held = bands, replace(plan, bands=bands).again(images)
        self._held = {plan.symmetries: held}
        return replace(plan, bands=held[0]), held[1]

    def part(self, start: int, stop: int) -> Blocks:
        """Images `start` to `stop` (excluded)."""
        return part_of(self.references, start, stop)

    def _in_memory(self, plan: Plan) -> Blocks:
        """The references, read once: for the sample that chooses the bands, and for the blocks."""
        n = len(self.references)
        if self._read is None and n * plan.d * plan.itemsize <= plan.memory // _PART:
            self._read = ArrayBlocks(self.references.read(0, n))
        return self._read or self.references


@dataclass(frozen=True, eq=False)
class Among:
    """Some of the references, at ascending `positions`, as queries: where they are in memory already, not read again.

    `images` are the same ones on their own.
    """

    kept: Kept
    positions: Int64[np.ndarray, "m"]
    images: Blocks

    def __len__(self) -> int:
        return len(self.positions)

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "m c *space"]:
        """The pixels of images `start` to `stop` (excluded)."""
        return self.images.read(start, stop)

    def part(self, start: int, stop: int) -> Blocks:
        """Queries `start` to `stop` (excluded)."""
        return part_of(self.images, start, stop)


def prepared(queries: Blocks, references: Blocks, exclude: Groups | None, plan: Plan) -> tuple[Plan, Passes]:
    """The plan for these queries, and the references' blocks, for any number of passes."""
    kept = references if isinstance(references, Kept) else Kept(references)
    return kept.prepared(queries, exclude, plan)


def asked(queries: Blocks, references: Blocks, plan: Plan, passes: Passes) -> Iterator[Held]:
    """The queries, block by block."""
    if not (isinstance(queries, Among) and queries.kept is references and plan.keeps(references)):
        yield from plan.queries(queries)
        return
    start = 0
    for block in passes(0):
        first, last = np.searchsorted(queries.positions, (block.span.start, block.span.stop))
        if first < last:
            taken = _taken(block, queries.positions[first:last] - block.start, start)
            yield plan.in_each_order(taken)
            start += int(last - first)


def _taken(block: Held, rows: Int64[np.ndarray, "m"], start: int) -> Held:
    """The images of a block at these rows; views of it where they are consecutive."""
    consecutive = rows[-1] - rows[0] == len(rows) - 1
    chosen = slice(int(rows[0]), int(rows[-1]) + 1) if consecutive else rows
    on_device = chosen if consecutive else torch.from_numpy(rows).to(block.vectors.device)
    grid = block.grid and block.grid.take(chosen)
    vectors, constant = block.vectors[on_device], block.constant[on_device]
    return Held(start, block.pixels[chosen], vectors, constant, grid=grid)
