"""How do StyleGAN2's images change size? Through a small binomial filter, so that nothing flickers or aliases."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch.nn import functional

__all__ = ["blurred", "downsampled", "upsampled"]

Images = Float[torch.Tensor, "n c h w"]

_TAPS = (1.0, 3.0, 3.0, 1.0)


def upsampled(images: Images) -> Float[torch.Tensor, "n c 2*h 2*w"]:
    """Images of twice the size: zeros between the pixels, then the filter; zeros beyond the border."""
    filters = 4 * _filters(images)
    return functional.conv_transpose2d(images, filters, stride=2, padding=1, groups=images.shape[1])


def downsampled(images: Images) -> Float[torch.Tensor, "n c h//2 w//2"]:
    """Images of half the size: the filter, then every second pixel; zeros beyond the border."""
    return functional.conv2d(images, _filters(images), stride=2, padding=1, groups=images.shape[1])


def blurred(images: Images, *, padding: int, gain: float = 1.0) -> Float[torch.Tensor, "n c h2 w2"]:
    """The filter, whose weights add up to `gain`, on images with so many zeros around them."""
    return functional.conv2d(images, gain * _filters(images), padding=padding, groups=images.shape[1])


def _filters(images: Images) -> Float[torch.Tensor, "c 1 4 4"]:
    """[1, 3, 3, 1] along both axes, adding up to one, for each channel."""
    taps = torch.tensor(_TAPS, device=images.device, dtype=images.dtype) / sum(_TAPS)
    return torch.outer(taps, taps).expand(images.shape[1], 1, -1, -1)
