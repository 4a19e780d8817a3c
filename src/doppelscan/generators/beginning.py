"""How does diffusion begin from an image? With a part of its noise; what is not drawn anew is put back at each step.

Lugmayr et al. 2022 (RePaint, eq. 8) for what is put back, Meng et al. 2022 (SDEdit) for the part of the noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float

__all__ = ["Beginning", "begun", "put_back"]

Diffusing = Float[torch.Tensor, "n d *shape"]


@dataclass(frozen=True, eq=False)
class Beginning:
    """What diffuses, of the images that are given: `x0`, where it is drawn anew (1), and the share of the steps."""

    x0: Diffusing
    fresh: Float[torch.Tensor, "n 1 *shape"]
    strength: float


def begun(scheduler: Any, noise: Diffusing, beginning: Beginning | None) -> tuple[Diffusing, list[int]]:
    """What diffusion begins with, and the steps that it takes from there, the noisiest first."""
    steps = [int(t) for t in scheduler.timesteps]
    if beginning is None or beginning.strength >= 1:
        return noise, steps
    taken = steps[-max(1, round(beginning.strength * len(steps))) :]
    return _noisy(scheduler, beginning.x0, noise, taken[0]), taken


def put_back(
    scheduler: Any, x: Diffusing, noise: Diffusing, beginning: Beginning | None, after: int | None
) -> Diffusing:
    """The same with what is known of the images where they are not drawn anew, as noisy as step `after` finds it.

    `None` is the end, without noise.
    """
    if beginning is None:
        return x
    known = beginning.x0 if after is None else _noisy(scheduler, beginning.x0, noise, after)
    return torch.where(beginning.fresh > 0, x, known)


def _noisy(scheduler: Any, x0: Diffusing, noise: Diffusing, t: int) -> Diffusing:
    """Ho et al. 2020, eq. 4."""
    share = float(scheduler.alphas_cumprod[t])
    noisy: Diffusing = share**0.5 * x0 + (1 - share) ** 0.5 * noise
    return noisy
