"""Points of more images than memory may hold: image after image, to be read where they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8

from doppelscan.encoders.keypoints import Keypoints
from doppelscan.store import Rows

__all__ = ["ManyPoints"]

_CHUNK = 2**17  # points that pass through memory at once


@dataclass(frozen=True, eq=False)
class ManyPoints:
    """The points of n images as `Keypoints` holds them, in memory or in a file; `space` is the images' shape."""

    descriptors: Rows
    places: Rows
    starts: Int64[np.ndarray, "n_and_1"]
    space: tuple[int, int]
    in_memory: bool

    @staticmethod
    def of(parts: Iterable[Keypoints], most: int, *, in_memory: bool = True) -> ManyPoints:
        """The points of consecutive images, part after part, at least one and of `most` points in all."""
        descriptors = Rows.of((most, 128), np.uint8, in_memory=in_memory)
        places = Rows.of((most, 2), np.complex64, in_memory=in_memory)
        counts, at, space = [np.zeros(1, dtype=np.int64)], 0, (0, 0)
        for part in parts:
            descriptors.write(at, part.descriptors)
            places.write(at, np.stack([part.place, part.frame], axis=1))
            counts.append(np.diff(part.starts))
            at, space = at + len(part.place), part.space
        return ManyPoints(descriptors, places, np.cumsum(np.concatenate(counts)), space, in_memory)

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.starts) - 1

    @property
    def n_points(self) -> int:
        """How many points they have."""
        return int(self.starts[-1])

    def of_image(self, image: int) -> Keypoints:
        """The points of one image."""
        start, stop = self.starts[image : image + 2].tolist()
        place, frame = self.places.read(start, stop).T
        own = np.array([0, stop - start])
        return Keypoints(self.descriptors.read(start, stop), place, frame, own, self.space)

    @property
    def n_chunks(self) -> int:
        """How often `chunks` gives some."""
        return -(-self.n_points // _CHUNK)

    def chunks(self) -> Iterator[tuple[int, UInt8[np.ndarray, "q 128"]]]:
        """The descriptors of all points, some at a time, and where each time the first of them is."""
        for start in range(0, self.n_points, _CHUNK):
            yield start, self.descriptors.read(start, min(start + _CHUNK, self.n_points))

    def image(self, start: int, stop: int) -> Int64[np.ndarray, "q"]:
        """The images that consecutive points are in."""
        return np.searchsorted(self.starts, np.arange(start, stop), side="right") - 1
