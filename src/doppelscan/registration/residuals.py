"""How do two images differ under a warp? Within their overlap, pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float32

from doppelscan.registration.canvas import Canvas, Warp

__all__ = ["Paired", "Residual"]

Pictures = Float32[torch.Tensor, "p c *space"]
Mask = Float32[torch.Tensor, "p 1 *space"]
PerPair = Float32[torch.Tensor, " p"]

_LEAST_DEVIATION = 0.05  # an image has 1; less than that within the overlap is not blown up to 1


@dataclass(frozen=True)
class Paired:
    """Small pictures in p pairs, and the share of the fixed ones that must at least be covered."""

    moving: Pictures
    fixed: Pictures
    least_overlap: float

    @property
    def canvas(self) -> Canvas:
        """Where the pixels of these pictures are."""
        return Canvas(tuple(self.fixed.shape[2:]), self.fixed.device)

    def under(self, warp: Warp) -> Residual:
        """What the pairs show under the warp, standardised within their overlap."""
        sources = self.canvas.sources(warp)
        inside = self.canvas.inside(sources)
        seen = _within(self.canvas.seen(self.moving, sources), inside)
        return Residual(seen, _within(self.fixed, inside), inside, self.least_overlap)


@dataclass(frozen=True)
class Residual:
    """The moving images as seen through a warp, the fixed ones, and where both are (1 inside, else 0)."""

    seen: Pictures
    fixed: Pictures
    inside: Mask
    least_overlap: float

    @property
    def difference(self) -> Pictures:
        """How much brighter the moving image is."""
        return self.seen - self.fixed

    @property
    def overlap(self) -> PerPair:
        """The share of the fixed image that has a counterpart."""
        return self.inside.flatten(1).mean(dim=1)

    @property
    def weight(self) -> Mask:
        """How much each pixel counts: one that differs by more than a standard deviation, little."""
        return self.inside / (1 + self._squared).square()

    @property
    def cost(self) -> PerPair:
        """The misfit, between 0 and 1; what is missing of the least overlap is added."""
        misfit = (self.inside * self._squared / (1 + self._squared)).flatten(1).mean(dim=1)
        missing = (1 - self.overlap / self.least_overlap).clamp(min=0)
        return misfit / self.overlap.clamp(min=self.least_overlap) + missing

    @property
    def _squared(self) -> Mask:
        return self.difference.square().mean(dim=1, keepdim=True)


def _within(images: Pictures, inside: Mask) -> Pictures:
    """The images, each channel of mean 0 and variance 1 inside."""
    flat, mask = images.flatten(2), inside.flatten(2)
    n = mask.sum(dim=2, keepdim=True).clamp(min=1)
    centred = flat - (flat * mask).sum(dim=2, keepdim=True) / n
    deviation = ((centred.square() * mask).sum(dim=2, keepdim=True) / n).sqrt()
    return (centred / deviation.clamp(min=_LEAST_DEVIATION)).view(images.shape)
