"""How are training images varied? Flips and turns, drawn on the device; the network may be told of them."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float

from doppelscan.encoders.contrastive.warping import affine, places, sampled
from doppelscan.generators.recipe import Augmentation

__all__ = ["augmented", "n_conditions"]

Images = Float[torch.Tensor, "n c *space"]

_SHARE = 0.12  # of images, for each kind of change (Karras et al. 2022, F.2)


def n_conditions(augmentation: Augmentation, n_axes: int) -> int:
    """How many numbers the network is told: of `edm` flips, the turn's matrix, zooms and shifts."""
    return n_axes * (3 + n_axes) if augmentation == "edm" else 0


def augmented(images: Images, augmentation: Augmentation) -> tuple[Images, Float[torch.Tensor, "n k"]]:
    """The images, in [-1, 1], each changed in its own way, and what the network is told of it."""
    if augmentation == "dar":
        return _flipped_and_turned(images), images.new_zeros(len(images), 0)
    if augmentation == "edm":
        return _changed(images)
    return images, images.new_zeros(len(images), 0)


def _flipped_and_turned(images: Images) -> Images:
    """Flipped along the last axis (p 0.5) and turned in the last plane by up to 5 degrees (p 0.5): paper B."""
    n, d = len(images), images.ndim - 2
    angle = (2 * torch.rand(n, device=images.device) - 1) * math.radians(5) * _happens(images, 0.5)
    flipped = torch.where(_wide(_happens(images, 0.5), images), images.flip(-1), images)
    turned = _moved(flipped, _turn(angle, d), images.new_zeros(n, d), "zeros")
    return torch.where(_wide(angle != 0, images), turned, flipped)


def _changed(images: Images) -> tuple[Images, Float[torch.Tensor, "n k"]]:
    """Each kind of change in its share of images, told as numbers that are 0 where it did not happen."""
    n, d = len(images), images.ndim - 2
    eye = torch.eye(d, device=images.device)
    flips = torch.stack([_happens(images, _SHARE) for _ in range(d)], dim=1).float()
    turn = _rotation(images) * _happens(images, _SHARE)[:, None, None]
    whole = torch.linalg.matrix_exp(turn)
    zoom = 0.2 * torch.randn(n, 1, device=images.device) * _happens(images, _SHARE)[:, None]
    zoom = zoom + 0.2 * torch.randn(n, d, device=images.device) * _happens(images, _SHARE)[:, None]
    shift = 0.125 * torch.randn(n, d, device=images.device) * _happens(images, _SHARE)[:, None]
    matrix = torch.diag_embed(1 - 2 * flips) @ whole @ torch.diag_embed(zoom.exp())
    told = torch.cat([flips, (whole - eye).flatten(1), zoom, shift], dim=1)
    moved = _moved(images, matrix, shift, "reflection")
    return torch.where(_wide((told != 0).any(1), images), moved, images), told


def _rotation(images: Images) -> Float[torch.Tensor, "n d d"]:
    """The logarithm of a turn by any angle, in a plane of any direction."""
    n, d = len(images), images.ndim - 2
    angle = (2 * torch.rand(n, device=images.device) - 1) * math.pi
    free = torch.randn(n, d, d, device=images.device)
    skew = free - free.mT
    skew = skew / skew.square().sum((1, 2), keepdim=True).sqrt().clamp(min=1e-9) * 2**0.5
    return skew * angle[:, None, None]


def _turn(angle: Float[torch.Tensor, " n"], n_axes: int) -> Float[torch.Tensor, "n d d"]:
    """The matrix of a turn in the plane of the last two axes."""
    skew = angle.new_zeros(len(angle), n_axes, n_axes)
    skew[:, -2, -1], skew[:, -1, -2] = angle, -angle
    matrix: torch.Tensor = torch.linalg.matrix_exp(skew)
    return matrix


def _moved(
    images: Images, matrix: Float[torch.Tensor, "n d d"], shift: Float[torch.Tensor, "n d"], padding: str
) -> Images:
    """The images taken from other places; where there is nothing they are at their lowest, -1."""
    where = affine(places(tuple(images.shape[2:]), images.device), matrix, shift)
    return sampled(images + 1, where, padding) - 1


def _happens(images: Images, share: float) -> Bool[torch.Tensor, " n"]:
    return torch.rand(len(images), device=images.device) < share


def _wide(of_each: Bool[torch.Tensor, " n"], images: Images) -> Bool[torch.Tensor, "n ..."]:
    return of_each.reshape(-1, *(1,) * (images.ndim - 1))
