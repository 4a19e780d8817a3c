"""Which affine map, which bend makes two images most alike? Gauss-Newton steps, for many pairs at once.

The gradient of a step is the mean of both images' gradients: efficient second-order minimisation (Benhimane and
Malis, 2004). Pixels that do not fit count for little: the cost is Geman and McClure's (1987).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool

from doppelscan.registration.canvas import Warp
from doppelscan.registration.normal import bending_energy, equations, solved
from doppelscan.registration.residuals import Paired, PerPair, Residual
from doppelscan.registration.separable import times

__all__ = ["affine_fit", "bent_fit"]

_LARGEST_AFFINE, _LARGEST_BEND = 0.3, 0.2  # of one step's coefficients

Step = Callable[[Warp, Residual, torch.Tensor], Warp]


def affine_fit(paired: Paired, warp: Warp, n_steps: int) -> tuple[Warp, PerPair]:
    """The warp, which must not bend, improved by affine steps; and its cost."""
    bases = [torch.stack([torch.ones_like(axis), axis], dim=1) for axis in paired.canvas.axes]
    linear = [0, *(2**axis for axis in reversed(range(len(bases))))]  # of the products: 1 and each position
    loose = torch.zeros(len(linear), len(linear), dtype=torch.float64, device=paired.fixed.device)

    def step(now: Warp, residual: Residual, gradient: torch.Tensor) -> Warp:
        matrix, vector = equations(residual, gradient, bases)
        moved = solved(matrix[:, :, linear][..., linear], vector[:, :, linear], loose)
        moved = moved.clamp(-_LARGEST_AFFINE, _LARGEST_AFFINE)
        return now.after(moved[:, :, 1:], moved[:, :, 0])

    return _best_of_steps(paired, warp, n_steps, step, lambda _: 0.0)


def bent_fit(paired: Paired, warp: Warp, n_steps: int, bending: float) -> tuple[Warp, PerPair]:
    """The warp improved by moving its controls, where bending costs; and its cost."""
    n = warp.controls.shape[-1]
    bases = paired.canvas.splines(n)
    stiffness = bending * bending_energy(paired.canvas.extent.tolist(), n).to(paired.fixed.device)

    def step(now: Warp, residual: Residual, gradient: torch.Tensor) -> Warp:
        matrix, vector = equations(residual, gradient, bases)
        pull = times(now.controls.flatten(2).double(), stiffness)
        moved = solved(matrix, vector + pull, stiffness).clamp(-_LARGEST_BEND, _LARGEST_BEND)
        return now.bent_by(moved.view(now.controls.shape))

    def penalty(now: Warp) -> PerPair:
        controls = now.controls.flatten(2).double()
        return (times(controls, stiffness) * controls).sum(dim=(1, 2)).float()

    return _best_of_steps(paired, warp, n_steps, step, penalty)


def _best_of_steps(
    paired: Paired, warp: Warp, n_steps: int, step: Step, penalty: Callable[[Warp], PerPair | float]
) -> tuple[Warp, PerPair]:
    """The best warp met on the way, for each pair, and its cost."""
    slope = paired.canvas.gradient(paired.fixed)
    residual = paired.under(warp)
    now, best, least = warp, warp, residual.cost + penalty(warp)
    for _ in range(n_steps):
        now = step(now, residual, (paired.canvas.gradient(residual.seen) + slope) / 2)
        residual = paired.under(now)
        cost = residual.cost + penalty(now)
        better: Bool[torch.Tensor, " p"] = cost < least
        best, least = now.where(better, best), torch.where(better, cost, least)
    return best, least
