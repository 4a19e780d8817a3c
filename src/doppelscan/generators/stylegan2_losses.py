"""What do StyleGAN2's two players go down? The logistic losses, and the two regularisers that keep them smooth."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import nn
from torch.nn import functional

__all__ = ["PathLengths", "discerning", "gradient_penalty", "non_saturating"]

Logits = Float[torch.Tensor, " n"]


def non_saturating(drawn: Logits) -> Float[torch.Tensor, ""]:
    """The generator's loss: -log sigmoid(D(G(z))) (Goodfellow et al. 2014, section 3)."""
    return functional.softplus(-drawn).mean()


def discerning(real: Logits, drawn: Logits) -> Float[torch.Tensor, ""]:
    """The discriminator's loss: -log sigmoid(D(x)) - log(1 - sigmoid(D(G(z))))."""
    return functional.softplus(-real).mean() + functional.softplus(drawn).mean()


def gradient_penalty(logits: Logits, images: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, ""]:
    """R1 without gamma / 2: the mean squared length of D's gradient at real images (Mescheder et al. 2018, eq. 9)."""
    (gradients,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradients.float().square().sum((1, 2, 3)).mean()


class PathLengths(nn.Module):
    """How unequally far images move for equal steps in W, with the running mean length a."""

    a: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("a", torch.tensor(0.0))

    def forward(
        self, images: Float[torch.Tensor, "n c h w"], w: Float[torch.Tensor, "n layers d"]
    ) -> tuple[Float[torch.Tensor, ""], Float[torch.Tensor, ""]]:
        """The penalty E (|J_w^T y| - a)^2 with normal images y (Karras et al. 2020, equation 4), and the mean length.

        y is divided by the root of the number of pixels, so that lengths do not grow with the image; of the layers'
        squared lengths the mean is taken.
        """
        y = torch.randn_like(images) / math.sqrt(images.shape[2] * images.shape[3])
        (products,) = torch.autograd.grad((images * y).sum(), w, create_graph=True)
        lengths = products.float().square().sum(2).mean(1).sqrt()
        self.a.lerp_(lengths.detach().mean(), 0.01)
        return (lengths - self.a).square().mean(), lengths.detach().mean()
