"""How does an autoencoder keep an image without having been trained? Its latents are set to principal components.

The components of blocks of 2 x 2 pixels are linear in them, and two kinds of layers of the network are not:
normalisation, and silu(x) = x / (1 + exp(-x)). Both pass a feature f on as it is where -f goes beside it, since
silu(f) - silu(-f) = f, and where constants B and -B, far larger, make up the deviation that is divided by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64, UInt8
from torch import nn

__all__ = ["keep_patches"]

_LARGE = 1000.0  # B


@torch.no_grad()
def keep_patches(autoencoder: Any, images: UInt8[np.ndarray, "n 3 h w"]) -> None:
    """Set diffusers' autoencoder so that it keeps images like these as well as so many components can.

    It must have two levels of one width, at least two channels more than twice its latents, and normalise all channels
    together. Latents have zero mean and unit deviation; their own variance is next to none.
    """
    values = images.astype(np.float64) / 127.5 - 1
    found = _Components.of(values, int(autoencoder.config.latent_channels))
    for block in _blocks(autoencoder):
        nn.init.zeros_(block.weight)
        nn.init.zeros_(block.bias)
    _set_encoder(autoencoder.encoder, found)
    _set_decoder(autoencoder.decoder, found, values)
    for between in (autoencoder.quant_conv, autoencoder.post_quant_conv):
        between.weight.copy_(torch.eye(len(between.weight))[..., None, None])
        nn.init.zeros_(between.bias)


@dataclass(frozen=True, eq=False)
class _Components:
    """The first components of blocks, each of unit deviation, and the mean block."""

    axes: Float64[np.ndarray, "k 3 2 2"]
    mean: Float64[np.ndarray, "3 2 2"]

    @staticmethod
    def of(values: Float64[np.ndarray, "n 3 h w"], k: int) -> _Components:
        """The components of these images' blocks."""
        rows = _in_blocks(values).reshape(-1, 12)
        spread, axes = np.linalg.eigh(np.cov(rows.T))
        chosen = axes[:, ::-1][:, :k] / np.sqrt(spread[::-1][:k])
        return _Components(chosen.T.reshape(k, 3, 2, 2), rows.mean(axis=0).reshape(3, 2, 2))

    def seen(self, values: Float64[np.ndarray, "n 3 h w"]) -> Float64[np.ndarray, "n k y x"]:
        """The latents of images."""
        return np.asarray(np.einsum("nyxcij,kcij->nkyx", _in_blocks(values) - self.mean, self.axes))


def _in_blocks(values: Float64[np.ndarray, "n 3 h w"]) -> Float64[np.ndarray, "n y x 3 2 2"]:
    n, _, h, w = values.shape
    return values.reshape(n, 3, h // 2, 2, w // 2, 2).transpose(0, 2, 4, 1, 3, 5)


def _blocks(autoencoder: Any) -> list[Any]:
    """The last layer of whatever adds to what goes past it."""
    parts = dict(autoencoder.named_modules())
    return [part for name, part in parts.items() if name.endswith((".conv2", ".to_out.0"))]


def _set_encoder(encoder: Any, found: _Components) -> None:
    k = len(found.axes)
    _centred(encoder.conv_in, torch.eye(3))
    down = encoder.down_blocks[0].downsamplers[0].conv
    blank = torch.zeros_like(down.weight[:k])
    blank[:, :3, :2, :2] = torch.from_numpy(found.axes)
    _in_pairs(down, blank, -torch.from_numpy((found.axes * found.mean).sum(axis=(1, 2, 3))))
    _as_it_is(encoder.conv_norm_out)
    _centred(encoder.conv_out, torch.cat([torch.eye(k), -torch.eye(k)], dim=1))
    encoder.conv_out.bias[k:] = -12.0


def _set_decoder(decoder: Any, found: _Components, values: Float64[np.ndarray, "n 3 h w"]) -> None:
    k = len(found.axes)
    blank = torch.zeros_like(decoder.conv_in.weight[:k])
    blank[:, :, 1, 1] = torch.eye(k)
    _in_pairs(decoder.conv_in, blank, torch.zeros(k))
    up = decoder.up_blocks[0].upsamplers[0].conv
    _centred(up, torch.eye(len(up.weight)))
    _as_it_is(decoder.conv_norm_out)
    weight, bias = _best_interpolation(found.seen(values), values)
    nn.init.zeros_(decoder.conv_out.weight)
    decoder.conv_out.weight[:, : 2 * k] = torch.cat([weight, -weight], dim=1).to(torch.float32)
    decoder.conv_out.bias.copy_(bias)


def _in_pairs(layer: nn.Conv2d, weight: torch.Tensor, bias: torch.Tensor) -> None:
    """Features, their opposites, and the two constants."""
    k = len(weight)
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None, "these layers have one"
    nn.init.zeros_(layer.bias)
    layer.weight[: 2 * k] = torch.cat([weight, -weight])
    layer.bias[: 2 * k + 2] = torch.cat([bias, -bias, torch.tensor([_LARGE, -_LARGE])])


def _centred(layer: nn.Conv2d, matrix: torch.Tensor) -> None:
    """Each place by itself: the first channels become this product of the first."""
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None, "these layers have one"
    nn.init.zeros_(layer.bias)
    layer.weight[: matrix.shape[0], : matrix.shape[1], 1, 1] = matrix


def _as_it_is(norm: nn.GroupNorm) -> None:
    """Give back the deviation that is divided by: that of the two constants among all channels."""
    nn.init.constant_(norm.weight, _LARGE * math.sqrt(2 / norm.num_channels))
    nn.init.zeros_(norm.bias)


def _best_interpolation(
    latents: Float64[np.ndarray, "n k y x"], values: Float64[np.ndarray, "n 3 h w"]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The convolution of latents, each repeated for its four pixels, that comes nearest to the images."""
    k, (h, w) = latents.shape[1], values.shape[2:]
    wide = np.pad(latents.repeat(2, axis=2).repeat(2, axis=3), ((0, 0), (0, 0), (1, 1), (1, 1)))
    taps = [wide[:, :, i : i + h, j : j + w] for i in range(3) for j in range(3)]
    rows = np.stack(
        [*np.moveaxis(np.stack(taps, axis=2), 0, 2).reshape(9 * k, -1), np.ones(values[:, 0].size)]
    )
    solved = np.linalg.lstsq(rows.T, values.transpose(1, 0, 2, 3).reshape(3, -1).T, rcond=None)[0]
    return torch.from_numpy(solved[:-1].T.reshape(3, k, 3, 3)), torch.from_numpy(solved[-1])
