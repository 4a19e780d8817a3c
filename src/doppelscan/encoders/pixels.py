"""Which vector is an image's own pixels: the one whose inner product is the Pearson correlation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Shaped

from doppelscan.errors import InputError, Problem

__all__ = ["Unit", "unit_vectors"]


@dataclass(frozen=True)
class Unit:
    """Images as centred vectors of length one; a constant image has no direction and is all zeros."""

    vectors: Float32[torch.Tensor, "n d"]
    constant: Bool[torch.Tensor, "n"]


def unit_vectors(pixels: Shaped[np.ndarray, "n *shape"], *, device: torch.device | str = "cpu") -> Unit:
    """Each image less its mean, divided by its length: `vectors @ vectors.T` holds Pearson correlations.

    Pixels of any real type and offset are centred and scaled in float64 and only then rounded to
    float32, so that each component is within one float32 rounding of the true one.

    Raises
    ------
    InputError
        If a pixel is NaN, infinite, or too large for its sum to be held (about 1e300).
    """
    flat = pixels.reshape(len(pixels), math.prod(pixels.shape[1:]))
    values = torch.from_numpy(flat.astype(np.float64)).to(device)
    if values.numel() == 0:
        return Unit(values.float(), torch.ones(len(values), dtype=torch.bool, device=device))
    low, high = values.aminmax(dim=1, keepdim=True)
    mean = values.mean(dim=1, keepdim=True)
    _refuse_what_cannot_be_summed(mean + (high - low))
    constant = high == low
    reach = torch.where(constant, 1.0, torch.maximum(high - mean, mean - low))
    centred = values.sub_(mean).div_(reach)  # divided before it is squared: no overflow, no underflow
    centred -= centred.mean(dim=1, keepdim=True)  # what rounding left of a mean far from zero
    length = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    unit = centred.div_(torch.where(constant, 1.0, length)).masked_fill_(constant, 0.0)
    return Unit(unit.float(), constant.squeeze(1))


def _refuse_what_cannot_be_summed(sums: Float64[torch.Tensor, "n 1"]) -> None:
    broken = (~torch.isfinite(sums)).nonzero()[:, 0].tolist()
    if broken:
        raise InputError(
            Problem(
                f"{len(broken)} of {len(sums)} images hold values that are NaN, infinite or too large",
                where=f"image {broken[0]} of the block",
                cure="mend or leave out these images",
            )
        )
