"""Real images once more, as they are or changed: made when they are asked for, since there may be very many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64, Shaped

from doppelscan.images import Image
from doppelscan.imagesets.pixels import Pixels
from doppelscan.seeds import stream
from doppelscan.store import fingerprint

__all__ = ["AgainPixels", "interpolated"]


@dataclass(frozen=True, eq=False)
class AgainPixels:
    """The images at `rows` of a source, the ids of whose images are `names`.

    Without a seed they are as they are; with one each is changed by a chance of its own, told from its source's id and
    its number in `numbers`, so that neither company nor order counts.
    """

    source: Pixels
    names: Sequence[str]
    rows: Int64[np.ndarray, " n"]
    numbers: Int64[np.ndarray, " n"]
    seed: int | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Those of the sources."""
        shapes = self.source.shapes
        return [shapes[row] for row in self.rows]

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """That of the source."""
        return self.source.dtype

    @property
    def fingerprint(self) -> str:
        """The source, which of its images, and their chances."""
        mine = [self.names[row] for row in self.rows] if self.seed is not None else []
        about = [self.rows.tolist(), mine, self.numbers.tolist(), self.seed]
        return fingerprint(["again", 2, self.source.fingerprint, *about])

    def image(self, position: int) -> Image:
        """One image."""
        row = int(self.rows[position])
        image = self.source.image(row)
        if self.seed is None:
            return image
        chance = stream(self.seed, "utility augmented", self.names[row], int(self.numbers[position]))
        return Image(_changed(image.pixels, chance), image.spacing_mm)

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "n c *space"]:
        """The values of consecutive images of one shape."""
        if self.seed is None:
            rows = self.rows[start:stop]
            return self.source.take(rows).read(0, len(rows))
        return np.stack([self.image(position).pixels for position in range(start, min(stop, len(self)))])

    def take(self, positions: Int64[np.ndarray, " n"]) -> AgainPixels:
        """The images at these positions."""
        return AgainPixels(self.source, self.names, self.rows[positions], self.numbers[positions], self.seed)


def interpolated(
    values: Float32[np.ndarray, "*shape"], at: Float64[np.ndarray, " m"], axis: int
) -> Float32[np.ndarray, "*other"]:
    """The values at these places along an axis, linear between two of them, those at its ends beyond it."""
    last = values.shape[axis] - 1
    places = np.clip(at, 0, last)
    below = np.floor(places).astype(np.int64)
    along = [-1 if one == axis else 1 for one in range(values.ndim)]
    share = (places - below).astype(np.float32).reshape(along)
    lower, upper = (np.take(values, np.minimum(one, last), axis=axis) for one in (below, below + 1))
    return np.asarray(lower + share * (upper - lower))


def _changed(
    image: Shaped[np.ndarray, "c *space"], rng: np.random.Generator
) -> Shaped[np.ndarray, "c *space"]:
    """Mirrored left to right in half of all cases, moved by 5%, zoomed by 10%, 10% lighter, darker, harder, softer."""
    values = image.astype(np.float32)
    if rng.uniform() < 0.5:
        values = np.flip(values, axis=-1)
    zoom, shift = np.exp(rng.uniform(-0.1, 0.1)), rng.uniform(-0.05, 0.05, image.ndim - 1) * image.shape[1:]
    moved = values
    for axis, (length, by) in enumerate(zip(image.shape[1:], shift, strict=True), start=1):
        middle = (length - 1) / 2
        moved = interpolated(moved, (np.arange(length) - middle) / zoom + middle + by, axis)
    mean, spread = float(moved.mean()), float(np.ptp(image.astype(np.float64)))
    moved = (moved - mean) * rng.uniform(0.9, 1.1) + mean + spread * rng.uniform(-0.1, 0.1)
    if image.dtype.kind in "iu":
        limits = np.iinfo(image.dtype)
        moved = np.clip(np.rint(moved), limits.min, limits.max)
    return np.asarray(moved.astype(image.dtype))
