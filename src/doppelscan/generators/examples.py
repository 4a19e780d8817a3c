"""What is learnt from, and in which order? Images on the device where they fit, and where each batch begins."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64

from doppelscan.generators.intensities import Intensities, block_length
from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.workers import Progress, silent

__all__ = ["Examples", "Held", "Order", "examples_of", "made_of"]


@runtime_checkable
class Examples(Protocol):
    """Training images by position, in [-1, 1]."""

    def __len__(self) -> int: ...

    def batch(
        self, positions: Int64[np.ndarray, " m"], then: Int64[np.ndarray, " k"] | None = None
    ) -> Float32[torch.Tensor, "m c *space"]:
        """The images at these positions, on the device; those at `then` will be asked for next."""
        ...


@dataclass(frozen=True, eq=False)
class Held:
    """Examples in one tensor; 8-bit pixels stay 8-bit until they are asked for."""

    values: torch.Tensor
    device: torch.device
    intensities: Intensities | None = None

    def __len__(self) -> int:
        return len(self.values)

    def batch(
        self, positions: Int64[np.ndarray, " m"], then: Int64[np.ndarray, " k"] | None = None
    ) -> Float32[torch.Tensor, "m c *space"]:
        """The images at these positions."""
        chosen = self.values[torch.from_numpy(positions).to(self.values.device)]
        chosen = chosen.to(self.device, non_blocking=True)
        return chosen if self.intensities is None else self.intensities.scaled_bytes(chosen)


@dataclass(eq=False)
class Streamed:
    """Examples that do not fit in memory: the next batch is read while the device computes."""

    images: ImageSet
    intensities: Intensities
    device: torch.device
    _reader: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _coming: dict[bytes, Future[Float32[torch.Tensor, "m c *space"]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)

    def batch(
        self, positions: Int64[np.ndarray, " m"], then: Int64[np.ndarray, " k"] | None = None
    ) -> Float32[torch.Tensor, "m c *space"]:
        """The images at these positions."""
        coming = self._coming.pop(positions.tobytes(), None)
        self._coming.clear()
        if then is not None:
            self._coming[then.tobytes()] = self._reader.submit(self._read, then)
        batch = self._read(positions) if coming is None else coming.result()
        return batch.to(self.device)

    def _read(self, positions: Int64[np.ndarray, " m"]) -> Float32[torch.Tensor, "m c *space"]:
        return self.intensities.scaled(self.images.take(positions).read(0, len(positions)))


@dataclass(frozen=True)
class Order:
    """The order in which n images are seen: every one once in each epoch, each epoch in an order of its own."""

    n: int
    seed: int

    def positions(self, start: int, stop: int) -> Int64[np.ndarray, " m"]:
        """Which images are seen from the `start`-th to before the `stop`-th."""
        parts = [np.zeros(0, dtype=np.int64)]
        for epoch in range(start // self.n, -(-stop // self.n)):
            first = epoch * self.n
            whole = stream(self.seed, "order of images", epoch).permutation(self.n)
            parts.append(whole[max(start - first, 0) : stop - first])
        return np.concatenate(parts, dtype=np.int64)


def examples_of(
    images: ImageSet,
    intensities: Intensities,
    device: torch.device,
    *,
    resources: Resources,
    progress: Progress = silent,
) -> Examples:
    """The images as examples: on the device or in memory where they fit, else read batch by batch."""
    is_bytes = intensities.dtype == "uint8"
    needed = len(images) * math.prod(images.shape) * (1 if is_bytes else 4)
    place = _place(needed, device, resources)
    if place is None:
        return Streamed(images, intensities, device)
    values = torch.empty(
        (len(images), *images.shape), dtype=torch.uint8 if is_bytes else torch.float32, device=place
    )
    size = block_length(images.shape, resources)
    for start in range(0, len(images), size):
        progress("reading", start, len(images))
        block = images.read(start, min(start + size, len(images)))
        part = torch.from_numpy(np.ascontiguousarray(block)) if is_bytes else intensities.scaled(block)
        values[start : start + len(block)] = part.to(place)
    progress("reading", len(images), len(images))
    return Held(values, device, intensities if is_bytes else None)


def made_of(
    examples: Examples,
    make: Callable[[Float[torch.Tensor, "m c *space"]], Float[torch.Tensor, "m ..."]],
    *,
    at_once: int,
    device: torch.device,
    progress: Progress = silent,
) -> Held:
    """What `make` gives for every example, in float32, in memory."""
    parts = []
    for start in range(0, len(examples), at_once):
        progress("encoding", start, len(examples))
        positions = np.arange(start, min(start + at_once, len(examples)), dtype=np.int64)
        parts.append(make(examples.batch(positions)).float())
    progress("encoding", len(examples), len(examples))
    return Held(torch.cat(parts), device)


def _place(needed: int, device: torch.device, resources: Resources) -> torch.device | None:
    """Where so many bytes of images may stay: on a GPU in a third of what is free, in memory in half of it."""
    if device.type == "cuda" and needed < torch.cuda.mem_get_info(device)[0] // 3:
        return device
    return torch.device("cpu") if needed <= resources.memory // 2 else None
