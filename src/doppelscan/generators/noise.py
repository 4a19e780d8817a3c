"""Where does a drawn image's chance come from? From its own seed alone, whatever is drawn beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float

from doppelscan.seeds import stream

__all__ = ["Noise"]


@dataclass(frozen=True)
class Noise:
    """One stream of chance for each image of a batch, on the device; each call goes on where the last ended."""

    generators: tuple[torch.Generator, ...]

    @staticmethod
    def of(seeds: Sequence[int], device: torch.device) -> Noise:
        """The streams of these seeds."""
        return Noise(tuple(_generator(seed, device) for seed in seeds))

    def __len__(self) -> int:
        return len(self.generators)

    def normal(self, *shape: int) -> Float[torch.Tensor, "n *shape"]:
        """Standard normal numbers, of this shape for each image."""
        return torch.stack([torch.randn(shape, generator=g, device=g.device) for g in self.generators])

    def uniform(self, *shape: int) -> Float[torch.Tensor, "n *shape"]:
        """Numbers between 0 and 1, of this shape for each image."""
        return torch.stack([torch.rand(shape, generator=g, device=g.device) for g in self.generators])


def _generator(seed: int, device: torch.device) -> torch.Generator:
    generator = torch.Generator(device)
    generator.manual_seed(int(stream(seed, "sample").integers(2**63)))
    return generator
