"""Sets of images that a search may meet: random, clustered, duplicated, constant, tied."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from doppelscan.settings import Resources

TINY = Resources(memory=1, workers=1, device="cpu")
"""One image a block."""

TYPES = (np.uint8, np.uint16, np.int16, np.float32, np.float64, np.bool_)
KINDS = ("random", "clustered", "duplicated", "constant", "tied", "offset")


@st.composite
def two_sets(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Queries and references of one shape, of the same kind and type, some shared between them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from([(1, 1, 1), (1, 1, 2), (1, 3, 4), (3, 8, 8), (1, 4, 5, 6), (2, 50, 50)]))
    m, n, n_shared = draw(st.integers(0, 12)), draw(st.integers(0, 25)), draw(st.integers(0, 4))
    values = _drawn(draw(st.sampled_from(KINDS)), m + n, shape, rng).astype(draw(st.sampled_from(TYPES)))
    queries, references = values[:m], values[m:]
    n_shared = min(n_shared, m, n)
    queries[:n_shared] = references[:n_shared]
    return queries, references


def cut_for(resources: Resources, sets: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The sets or, where each image is a block, a few of either: blocks meet in every way, and 300 pairs take long."""
    return (sets[0][:4], sets[1][:8]) if resources is TINY else sets


def _drawn(kind: str, n: int, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(size=(n, *shape))
    centre = rng.integers(0, 3, n)
    prototypes = rng.normal(size=(3, *shape))
    if kind == "clustered":
        return 100 + 30 * prototypes[centre] + 0.5 * noise
    if kind == "duplicated":
        return 100 + 30 * prototypes[centre]
    if kind == "constant":
        return np.where(rng.random((n, 1, 1) + (1,) * (len(shape) - 2)) < 0.5, 7.0, 100 + 30 * noise)
    if kind == "tied":
        return rng.permuted(np.tile(np.arange(np.prod(shape)) % 2, (n, 1)), axis=1).reshape(n, *shape)
    return 100 + 30 * noise if kind == "random" else 30000 + noise


@dataclass
class Watched:
    """Blocks that remember what was read of them."""

    pixels: np.ndarray
    reads: list[tuple[int, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.pixels)

    def read(self, start: int, stop: int) -> np.ndarray:
        """The images asked for."""
        self.reads.append((start, stop))
        return self.pixels[start:stop]
