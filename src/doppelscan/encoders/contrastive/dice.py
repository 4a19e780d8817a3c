"""Where do the random changes of one batch come from? A generator on the device, seeded by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float

from doppelscan.seeds import stream

__all__ = ["Dice"]


@dataclass(frozen=True)
class Dice:
    """Draws for n images of one step: one number an image, shaped to multiply (n, c, *space)."""

    generator: torch.Generator
    n: int
    n_axes: int

    @staticmethod
    def of(seed: int, step: int, images: Float[torch.Tensor, "n c *space"]) -> Dice:
        """The dice of this step: the same whatever was drawn before, so that training can go on anywhere."""
        generator = torch.Generator(images.device)
        generator.manual_seed(int(stream(seed, "views", step).integers(2**63)))
        return Dice(generator, len(images), images.ndim - 2)

    def uniform(self, low: float, high: float) -> Float[torch.Tensor, "n 1 *ones"]:
        """A number between `low` and `high` for each image."""
        return low + (high - low) * torch.rand(self._one_each, **self._here)

    def happens(self, share: float) -> Bool[torch.Tensor, "n 1 *ones"]:
        """Whether something happens to each image, which it does to `share` of them."""
        return torch.rand(self._one_each, **self._here) < share

    def normal(self, *shape: int) -> Float[torch.Tensor, "n *shape"]:
        """Standard normal numbers, of this shape for each image."""
        return torch.randn((self.n, *shape), **self._here)

    def one_of(self, n: int) -> int:
        """One number below n for the whole batch."""
        return int(torch.randint(n, (), **self._here))

    @property
    def _one_each(self) -> tuple[int, ...]:
        return (self.n, 1) + (1,) * self.n_axes

    @property
    def _here(self) -> dict[str, Any]:
        return {"generator": self.generator, "device": self.generator.device}
