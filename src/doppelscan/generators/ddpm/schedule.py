"""How much noise is there at each step? The schedule of Ho et al. 2020, section 2, and what follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64, Shaped

__all__ = ["Schedule", "betas_of", "evenly_less_noisy", "schedule_on", "wide"]


_NOISIEST = -5.1  # half the logarithm of the signal-to-noise ratio (Lu et al. 2022)


def betas_of(schedule: Literal["linear", "cosine"], steps: int) -> Float64[np.ndarray, " steps"]:
    """The variance that each step adds.

    `linear` goes from 1e-4 to 0.02 at 1,000 steps, in proportion otherwise; `cosine` is eq. 17 of Nichol & Dhariwal
    2021, cut off at 0.999.
    """
    if schedule == "linear":
        scale = 1000 / steps
        return np.minimum(np.linspace(scale * 1e-4, scale * 0.02, steps), 0.999)
    t = np.arange(steps + 1) / steps
    alpha_bar = np.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
    return np.asarray(np.minimum(1 - alpha_bar[1:] / alpha_bar[:-1], 0.999))


def evenly_less_noisy(beta: Float64[np.ndarray, " steps"], count: int) -> list[int]:
    """About `count` steps from noise to the first one, each as much less noisy than the one before (in log SNR).

    Evenly spaced steps end too early: the last of 30 leaves so much noise that the last leap smooths away 60% of
    textures whose deviation is 0.05, these 1%. What is noisier than a log SNR of -10.2 is as good as noise.
    """
    alpha_bar = np.cumprod(1 - beta)
    half_log_snr = 0.5 * np.log(alpha_bar / (1 - alpha_bar))
    noisiest = int(np.flatnonzero(half_log_snr >= _NOISIEST)[-1])
    wanted = np.linspace(half_log_snr[noisiest], half_log_snr[0], count)
    nearest = np.abs(half_log_snr[: noisiest + 1, None] - wanted).argmin(axis=0)
    return sorted({int(step) for step in nearest}, reverse=True)


@dataclass(frozen=True, eq=False)
class Schedule:
    """The numbers of each step t, on one device, in the symbols of Ho et al."""

    beta: Float[torch.Tensor, " steps"]
    alpha_bar: Float[torch.Tensor, " steps"]
    alpha_bar_before: Float[torch.Tensor, " steps"]
    log_least_variance: Float[torch.Tensor, " steps"]

    def noisy(
        self,
        x0: Float[torch.Tensor, "n *shape"],
        noise: Float[torch.Tensor, "n *shape"],
        t: Int64[torch.Tensor, " n"],
    ) -> Float[torch.Tensor, "n *shape"]:
        """Images after t + 1 steps of noise (eq. 4)."""
        a = wide(self.alpha_bar[t], x0)
        return a.sqrt() * x0 + (1 - a).sqrt() * noise

    def velocity(
        self,
        x0: Float[torch.Tensor, "n *shape"],
        noise: Float[torch.Tensor, "n *shape"],
        t: Int64[torch.Tensor, " n"],
    ) -> Float[torch.Tensor, "n *shape"]:
        """What `v` predicts (Salimans & Ho 2022, section 4)."""
        a = wide(self.alpha_bar[t], x0)
        return a.sqrt() * noise - (1 - a).sqrt() * x0

    def noise_in(
        self,
        x: Float[torch.Tensor, "n *shape"],
        velocity: Float[torch.Tensor, "n *shape"],
        t: Int64[torch.Tensor, " n"],
    ) -> Float[torch.Tensor, "n *shape"]:
        """The noise, given where it led and the velocity."""
        a = wide(self.alpha_bar[t], x)
        return a.sqrt() * velocity + (1 - a).sqrt() * x

    def denoised(
        self,
        x: Float[torch.Tensor, "n *shape"],
        said: Float[torch.Tensor, "n *shape"],
        t: Int64[torch.Tensor, " n"],
        predicts: Literal["epsilon", "v"],
    ) -> Float[torch.Tensor, "n *shape"]:
        """The image that the network sees behind the noise."""
        a = wide(self.alpha_bar[t], x)
        if predicts == "v":
            return a.sqrt() * x - (1 - a).sqrt() * said
        return (x - (1 - a).sqrt() * said) / a.sqrt()

    def mean_before(
        self,
        x0: Float[torch.Tensor, "n *shape"],
        x: Float[torch.Tensor, "n *shape"],
        t: Int64[torch.Tensor, " n"],
    ) -> Float[torch.Tensor, "n *shape"]:
        """The mean of the step back, given where it ends (eq. 7)."""
        a, before, beta = (wide(part[t], x) for part in (self.alpha_bar, self.alpha_bar_before, self.beta))
        return before.sqrt() * beta / (1 - a) * x0 + (1 - beta).sqrt() * (1 - before) / (1 - a) * x


@lru_cache(maxsize=8)
def schedule_on(device: torch.device, schedule: Literal["linear", "cosine"], steps: int) -> Schedule:
    """The schedule on a device, computed in float64."""
    beta = betas_of(schedule, steps)
    alpha_bar = np.cumprod(1 - beta)
    before = np.concatenate([[1.0], alpha_bar[:-1]])
    least = beta * (1 - before) / (1 - alpha_bar)
    least[0] = least[1]  # the last step back adds no noise; its logarithm must be a number
    parts = (beta, alpha_bar, before, np.log(least))
    return Schedule(*(torch.from_numpy(part).float().to(device) for part in parts))


def wide(
    of_each: Shaped[torch.Tensor, " n"], like: Float[torch.Tensor, "n *shape"]
) -> Shaped[torch.Tensor, "n ..."]:
    """One number an image, shaped to multiply images."""
    return of_each.reshape(-1, *(1,) * (like.ndim - 1))
