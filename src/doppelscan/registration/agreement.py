"""How well two aligned images agree, place by place and as one number."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float32

from doppelscan.registration.canvas import Canvas, Warp
from doppelscan.registration.separable import along_axes, gaussian
from doppelscan.registration.settings import AlignmentSettings
from doppelscan.registration.solving import within

__all__ = ["Agreement", "agreement"]

_LITTLE_DETAIL = 0.02  # variance within a window below which a place counts for little: the image's own is 1
_NO_DETAIL = 1e-3

Pictures = Float32[torch.Tensor, "p c *space"]
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
        correlation, order = self.correlation.flatten(1).sort(dim=1, descending=True)
        weight = self.weight.flatten(1).gather(1, order)
        before = weight.cumsum(dim=1) - weight
        total = weight.sum(dim=1, keepdim=True)
        counted = ((1 - left_out) * total - before).clamp(min=0).minimum(weight)
        mean = (counted * correlation).sum(dim=1) / counted.sum(dim=1).clamp(min=1e-6)
        return mean.clamp(-1, 1) * (self.overlap / least_overlap).clamp(max=1)


def agreement(
    moving: Pictures, fixed: Pictures, warp: Warp, canvas: Canvas, settings: AlignmentSettings
) -> Agreement:
    """The agreement of the fixed images with the moving ones seen through the warp."""
    sources = canvas.sources(warp)
    inside = canvas.inside(sources)
    seen, shown = within(canvas.seen(moving, sources), inside), within(fixed, inside)
    windows = [
        gaussian(length, settings.window * max(canvas.space)).to(canvas.device) for length in canvas.space
    ]
    share = along_axes(inside, windows).clamp(min=1e-3)

    def local_mean(values: Pictures) -> Pictures:
        return along_axes(values * inside, windows) / share

    mean_seen, mean_shown = local_mean(seen), local_mean(shown)
    var_seen = (local_mean(seen.square()) - mean_seen.square()).clamp(min=0).mean(dim=1)
    var_shown = (local_mean(shown.square()) - mean_shown.square()).clamp(min=0).mean(dim=1)
    covariance = (local_mean(seen * shown) - mean_seen * mean_shown).mean(dim=1)
    correlation = covariance / ((var_seen + _NO_DETAIL) * (var_shown + _NO_DETAIL)).sqrt()
    detail = torch.maximum(var_seen, var_shown)
    weight = inside[:, 0] * detail / (detail + _LITTLE_DETAIL)
    return Agreement(correlation.clamp(-1, 1), weight, inside.flatten(1).mean(dim=1))
