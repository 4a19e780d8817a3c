"""What does a network see of an image? A small one, whose intensities are on a scale of its own."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped

from doppelscan.errors import InputError, Problem

__all__ = ["Scaling", "input_space", "resized", "scaled", "unit_images"]

Scaling = Literal["standard", "ranks", "extremes"]

_LEAST_AXIS = 8  # pixels left of a short axis, where it has them


def input_space(space: tuple[int, ...], side: int | None) -> tuple[int, ...]:
    """The shape in space after resizing: the longest axis `side` pixels, the others in proportion.

    Examples
    --------
    >>> input_space((224, 112), 64)
    (64, 32)
    """
    if side is None:
        return space
    longest = max(space)
    return tuple(max(round(length * side / longest), min(length, _LEAST_AXIS)) for length in space)


def resized(
    pixels: Shaped[np.ndarray, "n c *space"], space: tuple[int, ...]
) -> Float32[torch.Tensor, "n c *small"]:
    """Images between 0 and 1 by their own extremes, then resized to `space` by area averaging."""
    images = unit_images(pixels)
    for axis, length in enumerate(space, start=2):
        images = _averaged(images, axis, length)
    return images


def unit_images(pixels: Shaped[np.ndarray, "n c *space"]) -> Float32[torch.Tensor, "n c *space"]:
    """Images of any real type between 0 and 1 by their own extremes; a constant image is all zeros.

    Raises
    ------
    InputError
        If a value is NaN, infinite or too large.
    """
    n = len(pixels)
    flat = torch.from_numpy(pixels.reshape(n, -1).astype(np.float64))
    low, high = flat.aminmax(dim=1, keepdim=True)
    width = high - low
    _refuse_what_has_no_width(width)
    unit = flat.sub_(low).div_(torch.where(width > 0, width, 1.0))
    return unit.float().reshape(pixels.shape)


def scaled(
    images: Float[torch.Tensor, "n c *space"], scaling: Scaling
) -> Float32[torch.Tensor, "n c *space"]:
    """Images on the scale of the network: constant ones, and constant channels, are all zeros.

    `standard`: each channel less its mean, over its standard deviation. `ranks`: each value of a channel
    replaced by its rank, from -1 to 1, equal ones by their mean rank; what is left is the same under every
    increasing change of intensity. `extremes`: each image from -1 to 1.
    """
    if scaling == "extremes":
        return _between_extremes(images)
    flat = images.flatten(2)
    values = _standard(flat) if scaling == "standard" else _ranks(flat)
    return values.reshape(images.shape)


def _refuse_what_has_no_width(width: Float[torch.Tensor, "n 1"]) -> None:
    broken = (~torch.isfinite(width)).nonzero()[:, 0].tolist()
    if broken:
        what = f"{len(broken)} of {len(width)} images hold values that are NaN, infinite or too large"
        where = f"image {broken[0]} of the block"
        raise InputError(Problem(what, where=where, cure="mend or leave out these images"))


def _averaged(images: Float32[torch.Tensor, "..."], axis: int, length: int) -> Float32[torch.Tensor, "..."]:
    """The images with this axis resized: each new pixel is the mean over the span of the old ones."""
    if images.shape[axis] == length:
        return images
    weights = torch.from_numpy(_overlaps(images.shape[axis], length))
    return (images.movedim(axis, -1) @ weights.T).movedim(-1, axis).contiguous()


def _overlaps(old: int, new: int) -> Float32[np.ndarray, "new old"]:
    """The share of each new pixel that each old one covers, when both rows are of one length."""
    edges_old, edges_new = np.arange(old + 1) / old, np.arange(new + 1)[:, None] / new
    begin = np.maximum(edges_old[:-1], edges_new[:-1])
    end = np.minimum(edges_old[1:], edges_new[1:])
    return np.asarray(np.maximum(end - begin, 0) * new, dtype=np.float32)


def _standard(flat: Float[torch.Tensor, "n c d"]) -> Float32[torch.Tensor, "n c d"]:
    centred = flat - flat.mean(dim=2, keepdim=True)
    deviation = centred.square().mean(dim=2, keepdim=True).sqrt()
    return torch.where(deviation > 1e-6, centred / deviation.clamp(min=1e-6), 0.0)


def _ranks(flat: Float[torch.Tensor, "n c d"]) -> Float32[torch.Tensor, "n c d"]:
    ordered = flat.sort(dim=2).values
    first = torch.searchsorted(ordered, flat)
    last = torch.searchsorted(ordered, flat, right=True)
    return (first + last).to(flat.dtype) / flat.shape[2] - 1


def _between_extremes(images: Float[torch.Tensor, "n c *space"]) -> Float32[torch.Tensor, "n c *space"]:
    flat = images.flatten(1)
    low, high = flat.aminmax(dim=1, keepdim=True)
    unit = 2 * (flat - low) / torch.where(high > low, high - low, 1.0) - 1
    return torch.where(high > low, unit, 0.0).reshape(images.shape)
