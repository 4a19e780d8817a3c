"""What does adaptive augmentation do to an image? Moves, stretches and colours, each with probability p.

Karras, Aittala, Hellsten, Laine, Lehtinen, Aila, "Training generative adversarial networks with limited data",
NeurIPS 2020, section 2 and appendix B: the groups that it found to help (pixel blitting, general geometry, colour).
Each change happens to each image by a coin of its own, so that while p < 1 the images as they are stay the most
frequent ones, and what a generator learns is what the images are, not how they were augmented (section 2.2).

Differences: interpolation is bilinear without oversampling, and channels may be any number: hue and saturation are
changed where there are three, the flip of luma is a reflection about the plane across (1, ..., 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float

from doppelscan.generators.ada_warping import moved

__all__ = ["GROUPS", "Coins", "augmented", "colour", "places"]

GROUPS = ("blit", "geometry", "colour")


@dataclass(frozen=True)
class Coins:
    """Chance for n images, from torch's generator: something happens to each with probability p."""

    n: int
    p: Float[torch.Tensor, ""]

    def happens(self, p: Float[torch.Tensor, ""] | None = None) -> Float[torch.Tensor, " n"]:
        """One where it does, else zero."""
        return (torch.rand(self.n, device=self.p.device) < (self.p if p is None else p)).float()

    def uniform(self, low: float, high: float) -> Float[torch.Tensor, " n"]:
        """A number between `low` and `high` for each."""
        return low + (high - low) * torch.rand(self.n, device=self.p.device)

    def one_of(self, k: int) -> Float[torch.Tensor, " n"]:
        """A whole number below k for each."""
        return torch.randint(k, (self.n,), device=self.p.device).float()

    def normal(self, deviation: float) -> Float[torch.Tensor, " n"]:
        """A normal number about 0 for each."""
        return deviation * torch.randn(self.n, device=self.p.device)


def augmented(
    images: Float[torch.Tensor, "n c h w"], p: Float[torch.Tensor, ""], groups: tuple[str, ...] = GROUPS
) -> Float[torch.Tensor, "n c h w"]:
    """The images, each changed in its own way; differentiable twice."""
    coins = Coins(len(images), p)
    with torch.autocast(images.device.type, enabled=False):  # places need all their digits
        images = images.float()
        if "blit" in groups or "geometry" in groups:
            images = moved(images, places(coins, (images.shape[2], images.shape[3]), groups))
        if "colour" in groups:
            matrix, offset = colour(coins, images.shape[1])
            images = (matrix @ images.flatten(2) + offset[:, :, None]).reshape(images.shape)
    return images


def places(coins: Coins, space: tuple[int, int], groups: tuple[str, ...]) -> Float[torch.Tensor, "n 3 3"]:
    """Where each pixel comes from: the inverses of all moves, the first move's leftmost."""
    matrix = torch.eye(3, device=coins.p.device).expand(coins.n, 3, 3)
    if "blit" in groups:
        matrix = matrix @ _blits(coins, space)
    if "geometry" in groups:
        matrix = matrix @ _geometry(coins, space)
    return matrix


def colour(coins: Coins, n_channels: int) -> tuple[Float[torch.Tensor, "n c c"], Float[torch.Tensor, "n c"]]:
    """M and b: a pixel's channels x become M x + b."""
    brightness = coins.normal(0.2) * coins.happens()
    contrast = (coins.normal(0.5 * math.log(2)) * coins.happens()).exp()
    offset = (brightness * contrast)[:, None].expand(-1, n_channels)
    axis = torch.full((n_channels,), n_channels**-0.5, device=coins.p.device)
    grey = torch.outer(axis, axis)
    flips = coins.one_of(2) * coins.happens()
    flip = torch.eye(n_channels, device=coins.p.device) - 2 * grey * flips[:, None, None]
    matrix, offset = contrast[:, None, None] * flip, (flip @ offset[:, :, None])[:, :, 0]
    if n_channels == 3:
        turn = _tint(coins, axis)
        matrix, offset = turn @ matrix, (turn @ offset[:, :, None])[:, :, 0]
    return matrix, offset


def _blits(coins: Coins, space: tuple[int, int]) -> Float[torch.Tensor, "n 3 3"]:
    """Mirrored left to right, turned by quarters, shifted by whole pixels of up to an eighth of each side."""
    height, width = space
    mirror = 1 - 2 * coins.one_of(2) * coins.happens()
    quarter = coins.one_of(4) * coins.happens()
    cosine, sine = (
        (quarter == 0).float() - (quarter == 2).float(),
        (quarter == 1).float() - (quarter == 3).float(),
    )
    x, y = coins.uniform(-0.125, 0.125) * width, coins.uniform(-0.125, 0.125) * height
    shifts = coins.happens()
    return (
        _scale(mirror, torch.ones_like(mirror))
        @ _turn(cosine, sine)
        @ _shift((x * shifts).round(), (y * shifts).round())
    )


def _geometry(coins: Coins, space: tuple[int, int]) -> Float[torch.Tensor, "n 3 3"]:
    """Scaled, turned, stretched, turned again and shifted by any amount."""
    height, width = space
    size = (coins.normal(0.2 * math.log(2)) * coins.happens()).exp()
    p_turn = 1 - (1 - coins.p.clamp(0, 1)).sqrt()  # of each of two, so that one or both happen with p
    before = coins.uniform(-math.pi, math.pi) * coins.happens(p_turn)
    stretch = (coins.normal(0.2 * math.log(2)) * coins.happens()).exp()
    after = coins.uniform(-math.pi, math.pi) * coins.happens(p_turn)
    shifts = coins.happens()
    shift = _shift(coins.normal(0.125) * width * shifts, coins.normal(0.125) * height * shifts)
    first = _scale(size, size) @ _turn(before.cos(), before.sin())
    return first @ _scale(stretch, 1 / stretch) @ _turn(after.cos(), after.sin()) @ shift


def _tint(coins: Coins, axis: Float[torch.Tensor, "3"]) -> Float[torch.Tensor, "n 3 3"]:
    """Hue: a turn about the grey axis (Rodrigues' formula); saturation: the distance from it."""
    angle = (coins.uniform(-math.pi, math.pi) * coins.happens())[:, None, None]
    saturation = (coins.normal(math.log(2)) * coins.happens()).exp()[:, None, None]
    grey, eye = torch.outer(axis, axis), torch.eye(3, device=axis.device)
    cross = torch.linalg.cross(eye, axis.expand(3, 3))
    turn: torch.Tensor = angle.cos() * eye + angle.sin() * cross + (1 - angle.cos()) * grey
    return (grey + saturation * (eye - grey)) @ turn


def _scale(x: Float[torch.Tensor, " n"], y: Float[torch.Tensor, " n"]) -> Float[torch.Tensor, "n 3 3"]:
    """Back from an image x times as wide and y times as high."""
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return _matrix(((1 / x, zero, zero), (zero, 1 / y, zero), (zero, zero, one)))


def _turn(cosine: Float[torch.Tensor, " n"], sine: Float[torch.Tensor, " n"]) -> Float[torch.Tensor, "n 3 3"]:
    """Back from an image turned anticlockwise as it is seen, rows downwards."""
    zero, one = torch.zeros_like(sine), torch.ones_like(sine)
    return _matrix(((cosine, -sine, zero), (sine, cosine, zero), (zero, zero, one)))


def _shift(x: Float[torch.Tensor, " n"], y: Float[torch.Tensor, " n"]) -> Float[torch.Tensor, "n 3 3"]:
    """Back from an image shifted to the right by x and down by y."""
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return _matrix(((one, zero, -x), (zero, one, -y), (zero, zero, one)))


def _matrix(rows: tuple[tuple[torch.Tensor, ...], ...]) -> Float[torch.Tensor, "n 3 3"]:
    return torch.stack([torch.stack(row, -1) for row in rows], -2)
