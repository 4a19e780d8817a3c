"""What might be done to a copy? Random views of images, drawn on the device in batches.

Nothing here is shared with `images.transforms`, whose changes audits plant: an encoder never sees those.
"""

from __future__ import annotations

import torch
from jaxtyping import Float

from doppelscan.encoders.contrastive.dice import Dice
from doppelscan.encoders.contrastive.warping import affine, places, sampled, smooth_field

__all__ = ["mirror_axes", "paper_view", "strong_view"]

Images = Float[torch.Tensor, "n c *space"]

_PADDINGS = ("border", "zeros", "reflection")


def strong_view(images: Images, dice: Dice) -> Images:
    """Each image, between 0 and 1, moved, bent, lit otherwise, blurred, made noisy and partly covered."""
    images = _moved(images, dice)
    images = _relit(images, dice)
    images = _clipped(images, dice)
    images = _blurred(images, dice)
    images = _noisy(images, dice)
    return _covered(images, dice)


def paper_view(images: Images, dice: Dice) -> Images:
    """Each image flipped (p = 0.5) and turned by up to 5 degrees (p = 0.5), as paper B has it."""
    n, d = dice.n, dice.n_axes
    angle = dice.uniform(-1, 1) * dice.happens(0.5) * torch.pi * 5 / 180
    turn = torch.zeros(n, d, d, device=images.device)
    turn[:, -2, -1], turn[:, -1, -2] = angle.reshape(n), -angle.reshape(n)
    where = affine(
        places(tuple(images.shape[2:]), images.device), torch.linalg.matrix_exp(turn), turn[:, 0] * 0
    )
    mirrored = torch.where(dice.happens(0.5), images.flip(-1), images)
    return sampled(mirrored, where, "zeros")


def mirror_axes(n_axes: int) -> tuple[int, ...]:
    """The axes that a copy may be mirrored along: left and right of films; of volumes it could be any."""
    return (3,) if n_axes == 2 else (2, 3, 4)


def _moved(images: Images, dice: Dice) -> Images:
    """One affine map, exp(turn + stretch + zoom), a shift, a smooth field and, for half of them, a mirror."""
    n, d = dice.n, dice.n_axes
    space = tuple(images.shape[2:])
    free = dice.normal(d, d)
    turn, stretch = free - free.mT, free + free.mT
    turn = turn / turn.square().sum((1, 2), keepdim=True).sqrt() * 2**0.5  # of one radian
    zoom = torch.eye(d, device=images.device)
    flat = (n, 1, 1)
    exponent = (
        dice.uniform(-0.5, 0.5).reshape(flat) * turn
        + 0.04 * stretch
        + dice.uniform(-0.35, 0.35).reshape(flat) * zoom
    )
    where = affine(places(space, images.device), torch.linalg.matrix_exp(exponent), 0.1 * dice.normal(d))
    bend = smooth_field(dice.normal(d, *(5,) * d), space)
    where = where + bend * dice.uniform(0, 0.06) * dice.happens(0.5)
    axes = mirror_axes(d)
    mirrored = torch.where(dice.happens(0.5), images.flip(axes[dice.one_of(len(axes))]), images)
    return sampled(mirrored, where, _PADDINGS[dice.one_of(len(_PADDINGS))])


def _relit(images: Images, dice: Dice) -> Images:
    """Another exponent, and light that varies smoothly over the image."""
    images = images.clamp(1e-3, 1) ** (dice.uniform(-1, 1) * dice.happens(0.7) * 0.8).exp()
    nodes = dice.normal(1, *(3,) * dice.n_axes)
    light = smooth_field(nodes, tuple(images.shape[2:])) * dice.uniform(0, 0.4) * dice.happens(0.3)
    return images * light.exp()


def _clipped(images: Images, dice: Dice) -> Images:
    """Some of them with what is darkest and brightest cut off."""
    cut = dice.happens(0.3)
    return images.maximum(dice.uniform(0, 0.3) * cut).minimum(1 - dice.uniform(0, 0.4) * cut)


def _blurred(images: Images, dice: Dice) -> Images:
    """Half of them through a Gaussian of up to 1.6 pixels."""
    sigma = (dice.uniform(0.2, 1.6) * dice.happens(0.5)).clamp(min=0.05)
    offsets = range(-4, 5)
    weight = torch.stack([torch.exp(-0.5 * (offset / sigma) ** 2) for offset in offsets])
    weight = weight / weight.sum(0)
    for axis in range(2, images.ndim):
        length = images.shape[axis]
        here = torch.arange(length, device=images.device)
        shifted = (images.index_select(axis, (here + offset).clamp(0, length - 1)) for offset in offsets)
        images = torch.stack([part * share for part, share in zip(shifted, weight, strict=True)]).sum(0)
    return images


def _noisy(images: Images, dice: Dice) -> Images:
    """Half of them with normal noise, of up to 0.12 of the image's range."""
    noise = dice.normal(*images.shape[1:])
    return images + noise * dice.uniform(0, 0.12) * dice.happens(0.5)


def _covered(images: Images, dice: Dice) -> Images:
    """Some of them with a box, of up to 0.4 of each axis, in one shade."""
    covered = dice.happens(0.3)
    for axis in range(2, images.ndim):
        length = images.shape[axis]
        shape = [1] * images.ndim
        shape[axis] = length
        here = ((torch.arange(length, device=images.device) + 0.5) / length).reshape(shape)
        covered = covered & ((here - dice.uniform(0, 1)).abs() < dice.uniform(0.05, 0.2))
    return torch.where(covered, dice.uniform(0, 1), images)
