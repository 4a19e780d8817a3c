"""What does training minimise? The loss by which two views of one image find each other."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch.nn import functional

__all__ = ["nt_xent"]


def nt_xent(
    a: Float[torch.Tensor, "n d"],
    b: Float[torch.Tensor, "n d"],
    content: Int64[torch.Tensor, " n"],
    temperature: float,
) -> Float[torch.Tensor, ""]:
    """The mean over all 2n views of NT-Xent (Chen et al. 2020, equation 1).

    ::

        l(i, j) = -log( exp(sim(z_i, z_j) / t) / sum over k != i of exp(sim(z_i, z_k) / t) )

    j is the other view of i's image. Images of one `content` are duplicates: neither positive nor negative.
    Other images of the same patient are negatives like all others.
    """
    n = len(a)
    z = functional.normalize(torch.cat([a, b]).float(), dim=1)
    similarity = z @ z.T / temperature
    other = torch.arange(2 * n, device=z.device).roll(n)
    content = content.repeat(2)
    left_out = content[:, None] == content[None, :]
    left_out[torch.arange(2 * n, device=z.device), other] = False
    return functional.cross_entropy(similarity.masked_fill(left_out, -torch.inf), other)
