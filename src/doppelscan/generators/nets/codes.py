"""What lies between an encoder and a decoder? Normal variables (KL) or the nearest of some codes (VQ).

Both are one interface, `Codes`: what the encoder says of a place becomes a latent, this costs something, the decoder
sees it, and a latent that belongs to no image can be drawn.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64
from torch import nn

from doppelscan.generators.noise import Noise

__all__ = ["Codebook", "Codes", "Normal"]

Said = Float[torch.Tensor, "n s *coarse"]
Latents = Float[torch.Tensor, "n d *coarse"]

_AT_ONCE = 2**26  # distances


@runtime_checkable
class Codes(Protocol):
    """A bottleneck."""

    n_said: int
    """Numbers that the encoder says of each place."""

    def latents(self, said: Said) -> Latents:
        """The latents, without chance."""
        ...

    def drawn(self, said: Said) -> Latents:
        """The latents as training sees them, drawn by torch's generator where there is chance."""
        ...

    def cost(self, said: Said) -> Float[torch.Tensor, " n"]:
        """What each image's latents cost, to be added to its reconstruction error."""
        ...

    def seen(self, latents: Latents) -> Latents:
        """What the decoder sees of latents."""
        ...

    def prior(self, noise: Noise, *coarse: int) -> Latents:
        """Latents of no image, one for each stream of chance."""
        ...


class Normal(nn.Module):
    """Independent normal variables, held to the standard ones (Kingma & Welling 2014).

    The encoder says their means and the logarithms of their variances. `weight` is that of the divergence in nats.
    """

    def __init__(self, n: int, weight: float) -> None:
        super().__init__()
        self.n_said, self.weight = 2 * n, weight

    def latents(self, said: Said) -> Latents:
        """Their means."""
        return said.chunk(2, dim=1)[0].float()

    def drawn(self, said: Said) -> Latents:
        """One draw of each."""
        mean, log_variance = self._parted(said)
        return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)

    def cost(self, said: Said) -> Float[torch.Tensor, " n"]:
        """The divergence KL(q || N(0, 1)) summed over places (Kingma & Welling, appendix B), weighted."""
        mean, log_variance = self._parted(said)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
        return self.weight * divergence.flatten(1).sum(1)

    def seen(self, latents: Latents) -> Latents:
        """Themselves."""
        return latents

    def prior(self, noise: Noise, *coarse: int) -> Latents:
        """Standard normal variables."""
        return noise.normal(self.n_said // 2, *coarse)

    def _parted(self, said: Said) -> tuple[Latents, Latents]:
        mean, log_variance = said.float().chunk(2, dim=1)
        return mean, log_variance.clamp(-30, 20)


class Codebook(nn.Module):
    """The nearest of `n_codes` codes, which move to where the latents are (van den Oord et al. 2017)."""

    def __init__(self, n: int, n_codes: int, commitment: float) -> None:
        super().__init__()
        self.n_said, self.commitment = n, commitment
        self.codes = nn.Parameter(torch.randn(n_codes, n))

    def latents(self, said: Said) -> Latents:
        """What the encoder says: the nearest code is looked up on the way to the decoder."""
        return said.float()

    def drawn(self, said: Said) -> Latents:
        """The same: there is no chance."""
        return self.latents(said)

    def cost(self, said: Said) -> Float[torch.Tensor, " n"]:
        """Squared distances from code to latent and, weighted by the commitment, back; a mean (equation 3)."""
        z = said.float()
        e = self._code(z)
        moved, kept = (e - z.detach()).square(), (z - e.detach()).square()
        return (moved + self.commitment * kept).flatten(1).mean(1)

    def seen(self, latents: Latents) -> Latents:
        """The nearest codes; gradients pass straight through to the latents (section 3.2)."""
        return latents + (self._code(latents) - latents).detach()

    def prior(self, noise: Noise, *coarse: int) -> Latents:
        """Any code at any place: the uniform prior under which they are trained (section 3.1)."""
        return self._looked_up((noise.uniform(*coarse) * len(self.codes)).long())

    @torch.no_grad()
    def fit(self, said: Said) -> None:
        """Give the codes the mean and the deviation of first latents, lest most are never the nearest."""
        z = said.float().movedim(1, -1).flatten(0, -2)
        self.codes.copy_(z.mean(0) + z.std(0, correction=0) * self.codes)

    def nearest(self, latents: Latents) -> Int64[torch.Tensor, "n *coarse"]:
        """The number of the nearest code at each place, the first of equals."""
        z, codes = latents.detach().float().movedim(1, -1), self.codes.detach()
        at_once = max(1, _AT_ONCE // len(codes))
        with torch.autocast(z.device.type, enabled=False):
            norms = codes.square().sum(1)
            flat = z.flatten(0, -2)
            parts = [flat[start : start + at_once] for start in range(0, len(flat), at_once)]
            numbers = [(norms - 2 * part @ codes.T).argmin(1) for part in parts]
        return torch.cat(numbers).reshape(z.shape[:-1])

    def _code(self, latents: Latents) -> Latents:
        return self._looked_up(self.nearest(latents))

    def _looked_up(self, numbers: Int64[torch.Tensor, "n *coarse"]) -> Latents:
        return self.codes[numbers].movedim(-1, 1)
