"""What do images show, whatever their brightness and contrast? Small pictures of soft ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32, Shaped

from doppelscan.errors import InputError, Problem
from doppelscan.registration.separable import along_axes, area_average, gaussian

__all__ = ["halved", "prepared", "small_space"]

_BLUR = 0.7  # pixels of the small picture
_SOFTNESS = 0.15  # of ranks, in standard deviations: values closer than that are not told apart
_N_QUANTILES = 65

Pictures = Float32[torch.Tensor, "n c *space"]


def small_space(space: Sequence[int], side: int) -> tuple[int, ...]:
    """The shape at which images are compared: proportions kept, the longest side at most `side`."""
    longest = max(space)
    return (
        tuple(max(1, round(length * side / longest)) for length in space) if longest > side else tuple(space)
    )


def prepared(
    pixels: Shaped[np.ndarray, "n c *space"], side: int, device: torch.device | str = "cpu"
) -> Float32[torch.Tensor, "n c *small"]:
    """Small pictures that a monotone change of intensity hardly alters, each channel of mean 0 and variance 1.

    Images are averaged over areas, lightly blurred, and each value is replaced by its soft rank: the share
    of the channel's values below it, where values within about 0.15 standard deviations count in part.
    So noise in an empty background stays small. A constant channel is all zeros.

    Raises
    ------
    InputError
        If a pixel is NaN or infinite.
    """
    space = pixels.shape[2:]
    small = small_space(space, side)
    shrink = [gaussian(to, _BLUR) @ area_average(length, to) for length, to in zip(space, small, strict=True)]
    values = along_axes(_unit_range(pixels, device), [matrix.to(device) for matrix in shrink])
    return _standardised(_soft_ranks(values.flatten(2))).view_as(values)


def halved(pictures: Pictures) -> Float32[torch.Tensor, "n c *half"]:
    """The pictures at half the size."""
    space = pictures.shape[2:]
    matrices = [area_average(length, -(-length // 2)).to(pictures.device) for length in space]
    return along_axes(pictures, matrices)


def _unit_range(pixels: Shaped[np.ndarray, "n c *space"], device: torch.device | str) -> Pictures:
    """Each channel moved and scaled to 0 to 1, in float64 before it is rounded."""
    values = torch.from_numpy(pixels.astype(np.float64)).to(device)
    if not bool(torch.isfinite(values).all()):
        raise InputError(
            Problem("holds pixels that are NaN or infinite", cure="mend or leave out these images")
        )
    flat = values.flatten(2)
    low, high = flat.aminmax(dim=2, keepdim=True)
    width = high - low
    return flat.sub_(low).div_(torch.where(width > 0, width, 1.0)).float().view(values.shape)


def _soft_ranks(values: Float32[torch.Tensor, "n c x"]) -> Float32[torch.Tensor, "n c x"]:
    """The mean over the channel's quantiles of a smooth step at each, interpolated between quantiles."""
    nodes = _quantiles(values)
    inner = nodes[..., 1:-1].std(dim=-1, correction=0, keepdim=True)
    width = _SOFTNESS * torch.where(inner > 0, inner, values.std(dim=-1, correction=0, keepdim=True))
    steps = torch.sigmoid(
        (nodes[..., :, None] - nodes[..., None, :]) * (1.7 / width.clamp(min=1e-6))[..., None]
    )
    ranks = steps.mean(dim=-1)
    above = torch.searchsorted(nodes, values).clamp(1, _N_QUANTILES - 1)
    low, high = nodes.gather(-1, above - 1), nodes.gather(-1, above)
    share = ((values - low) / (high - low).clamp(min=1e-9)).clamp(0, 1)
    return torch.lerp(ranks.gather(-1, above - 1), ranks.gather(-1, above), share)


def _quantiles(values: Float32[torch.Tensor, "n c x"]) -> Float32[torch.Tensor, "n c q"]:
    ordered = values.sort(dim=-1).values
    last = ordered.shape[-1] - 1
    places = torch.linspace(0, last, _N_QUANTILES, device=values.device).round().long()
    return ordered[..., places].contiguous()


def _standardised(values: Float32[torch.Tensor, "n c x"]) -> Float32[torch.Tensor, "n c x"]:
    centred = values - values.mean(dim=-1, keepdim=True)
    deviation = centred.square().mean(dim=-1, keepdim=True).sqrt()
    return torch.where(deviation > 1e-4, centred / deviation.clamp(min=1e-4), 0.0)
