"""What are StyleGAN2's networks made of? Layers of equalised learning rate, and the modulated convolution.

Weights are drawn from N(0, 1) and scaled by their He constant c each time they are used, not once at the start, so
that Adam moves all of them at one relative speed (Karras et al. 2018, section 4.1).
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import nn
from torch.nn import functional

from doppelscan.generators.nets.stylegan2_filters import blurred, downsampled

__all__ = ["Conv", "Linear", "ModulatedConv", "activated", "normalised"]


def activated(x: Float[torch.Tensor, "n *d"]) -> Float[torch.Tensor, "n *d"]:
    """Leaky ReLU of slope 0.2, times the square root of two, which keeps the variance about as it was."""
    return functional.leaky_relu(x, 0.2) * math.sqrt(2)


def normalised(x: Float[torch.Tensor, "n d"]) -> Float[torch.Tensor, "n d"]:
    """Each vector scaled to a mean square of one."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class Linear(nn.Module):
    """A linear map whose weights learn at `rate` times the optimiser's speed."""

    def __init__(self, n_in: int, n_out: int, *, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in) / rate)
        self.bias = nn.Parameter(torch.full((n_out,), bias / rate))
        self.c = rate / math.sqrt(n_in)
        self.rate = rate

    def forward(self, x: Float[torch.Tensor, "n d"]) -> Float[torch.Tensor, "n e"]:
        """The vectors' images."""
        return functional.linear(x, self.weight * self.c, self.bias * self.rate)


class Conv(nn.Module):
    """A convolution of odd `kernel`; with `down` the images are filtered, then halved by its stride."""

    def __init__(self, n_in: int, n_out: int, kernel: int, *, down: bool = False, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(n_out)) if bias else None
        self.c = 1 / math.sqrt(n_in * kernel**2)
        self.kernel, self.down = kernel, down

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n d h2 w2"]:
        """The images' features."""
        weight = self.weight * self.c
        if not self.down:
            return functional.conv2d(x, weight, self.bias, padding=self.kernel // 2)
        if self.kernel == 1:  # the same numbers as filtering all pixels and keeping every second one
            return functional.conv2d(downsampled(x), weight, self.bias)
        return functional.conv2d(blurred(x, padding=1 + self.kernel // 2), weight, self.bias, stride=2)


class ModulatedConv(nn.Module):
    """A convolution whose weights each image scales by its style (Karras et al. 2020, equations 1 to 3).

    ::

        w'_ijk  = s_i w_ijk                                          (1)  s = A(w), the image's style
        w''_ijk = w'_ijk / sqrt(sum over i, k of w'_ijk^2 + eps)     (3)  demodulation

    for input channel i, output channel j and place k. A convolution is linear: scaling channel i of its input by s_i
    and channel j of its output by the root's inverse gives the same numbers as one set of weights for each
    image, without groups of convolutions, which take several times as long on CPUs.
    """

    def __init__(
        self, n_in: int, n_out: int, kernel: int, *, n_w: int, up: bool = False, demodulate: bool = True
    ) -> None:
        super().__init__()
        self.style = Linear(n_w, n_in, bias=1.0)
        self.weight = nn.Parameter(torch.randn(n_out, n_in, kernel, kernel))
        self.c = 1 / math.sqrt(n_in * kernel**2)
        self.kernel, self.up, self.demodulate = kernel, up, demodulate

    def forward(
        self, x: Float[torch.Tensor, "n c h w"], w: Float[torch.Tensor, "n d"]
    ) -> Float[torch.Tensor, "n e h2 w2"]:
        """The images' features in the styles w."""
        s = self.style(w)
        weight = self.weight * self.c
        y = self._convolved(x * s[:, :, None, None].to(x.dtype), weight)
        if not self.demodulate:
            return y
        sigma = self._norms(s, weight)
        return y / sigma[:, :, None, None].to(y.dtype)

    def _convolved(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        if not self.up:
            return functional.conv2d(x, weight, padding=self.kernel // 2)
        spread = functional.conv_transpose2d(x, weight.transpose(0, 1).flip(2, 3), stride=2)
        return blurred(spread, padding=1, gain=4.0)

    def _norms(self, s: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """The root of equation 3 for each image and output channel."""
        return (functional.linear(s.square(), weight.square().sum((2, 3))) + 1e-8).sqrt()
