"""How well do two aligned images agree, place by place and as one number? A local correlation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float32

from doppelscan.registration.canvas import Warp
from doppelscan.registration.residuals import Paired
from doppelscan.registration.separable import along_axes, gaussian

__all__ = ["Agreement", "agreement"]

_LITTLE_DETAIL = 0.02  # variance within a window below which a place counts for little: the image's own is 1
_NO_DETAIL = 1e-3

Places = Float32[torch.Tensor, "p *space"]


@dataclass(frozen=True)
class Agreement:
    """Of p aligned pairs: the correlation within a window about each place, and how much the place counts.

    A place without detail in either image, or outside the overlap, counts for nothing.
    """

    correlation: Places
    weight: Places
    overlap: Float32[torch.Tensor, " p"]

    def score(self, left_out: float, least_overlap: float) -> Float32[torch.Tensor, " p"]:
        """The weighted mean correlation without the share that agrees least; less where too little overlaps."""
        correlation, order = self.correlation.flatten(1).sort(dim=1, descending=True, stable=True)
        weight = self.weight.flatten(1).gather(1, order)
        before = weight.cumsum(dim=1) - weight
        total = weight.sum(dim=1, keepdim=True)
        counted = ((1 - left_out) * total - before).clamp(min=0).minimum(weight)
        mean = (counted * correlation).sum(dim=1) / counted.sum(dim=1).clamp(min=1e-6)
        return mean.clamp(-1, 1) * (self.overlap / least_overlap).clamp(max=1)


def agreement(paired: Paired, warp: Warp, window: float) -> Agreement:
    """The agreement under the warp; the window's standard deviation is `window` longest sides, or a pixel."""
    shown, space = paired.under(warp), paired.canvas.space
    sigma = max(1.0, window * max(space))
    windows = [gaussian(length, sigma).to(paired.fixed.device) for length in space]
    share = along_axes(shown.inside, windows).clamp(min=1e-3)

    def local_mean(values: Float32[torch.Tensor, "p c *space"]) -> Float32[torch.Tensor, "p c *space"]:
        return along_axes(values * shown.inside, windows) / share

    a, b = shown.seen, shown.fixed
    mean_a, mean_b = local_mean(a), local_mean(b)
    var_a = (local_mean(a.square()) - mean_a.square()).mean(dim=1).clamp(min=0)
    var_b = (local_mean(b.square()) - mean_b.square()).mean(dim=1).clamp(min=0)
    covariance = (local_mean(a * b) - mean_a * mean_b).mean(dim=1)
    correlation = covariance / (var_a * var_b).sqrt().clamp(min=_NO_DETAIL)
    detail = torch.maximum(var_a, var_b)
    weight = shown.inside[:, 0] * detail / (detail + _LITTLE_DETAIL)
    return Agreement(correlation.clamp(-1, 1), weight, shown.overlap)
