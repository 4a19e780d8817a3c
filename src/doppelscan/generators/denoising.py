"""What can be asked of a diffusion model about an image? Which noise it sees in it, at any step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64

__all__ = ["Denoiser"]


@dataclass(frozen=True, eq=False)
class Denoiser:
    """A diffusion model from within, in the symbols of Ho et al. 2020.

    Attributes
    ----------
    alpha_bar
        The share of the variance that is left of what diffuses after each step.
    start
        What diffuses, of images in [-1, 1]: they themselves, or their latents.
    noise
        The noise that the network sees in what is noisy at steps `t`, of images with these labels (-1: unknown).
    """

    alpha_bar: Float[torch.Tensor, " steps"]
    start: Callable[[Float[torch.Tensor, "n c *space"]], Float[torch.Tensor, "n d *shape"]]
    noise: Callable[
        [Float[torch.Tensor, "n d *shape"], Int64[torch.Tensor, " n"], Int64[torch.Tensor, " n"]],
        Float[torch.Tensor, "n d *shape"],
    ]
