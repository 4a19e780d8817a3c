"""Which small change of a warp makes two images more alike? Gauss-Newton steps, for many pairs at once.

With w the moving image seen through the warp, f the fixed one, both standardised within their overlap, a step
s of the warp's parameters, whose basis functions are B, minimises

    mean over the overlap of  g(r) (r + J B s)^2  +  penalty,      r = w - f

where J is the mean of both images' gradients (efficient second-order minimisation: Benhimane and Malis 2004)
and g(r) = 1 / (1 + r^2)^2 lets pixels that do not fit count for little (Geman and McClure 1987). Basis
functions are products of functions of one axis, so that the normal matrix is made axis by axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement

import torch
from jaxtyping import Bool, Float32, Float64

from doppelscan.registration.canvas import Canvas, Warp
from doppelscan.registration.separable import along_axes

__all__ = ["PerPair", "Residual", "affine_fit", "bent_fit", "within"]

_DAMPING = 1e-3  # of the normal matrix's mean diagonal
_LEAST_CURVATURE = 1e-6
_LARGEST_AFFINE, _LARGEST_BEND = 0.3, 0.2  # of one step's coefficients

Pictures = Float32[torch.Tensor, "p c *space"]
PerPair = Float32[torch.Tensor, " p"]


@dataclass(frozen=True)
class Residual:
    """How pairs differ under a warp: the moving image as seen, and its difference from the fixed one."""

    seen: Pictures
    difference: Pictures
    inside: Float32[torch.Tensor, "p 1 *space"]

    @property
    def overlap(self) -> PerPair:
        """The share of the fixed image that has a counterpart."""
        return self.inside.flatten(1).mean(dim=1)

    @property
    def weight(self) -> Float32[torch.Tensor, "p 1 *space"]:
        """How much each pixel counts."""
        return self.inside / (1 + self._squared).square()

    def cost(self, least_overlap: float) -> PerPair:
        """What is minimised, between 0 and 1; what is missing of the least overlap costs most."""
        misfit = (self.inside * self._squared / (1 + self._squared)).flatten(1).sum(dim=1)
        area = self.inside[0].numel()
        missing = (least_overlap - self.overlap).clamp(min=0)
        return misfit / (area * self.overlap.clamp(min=least_overlap)) + missing / least_overlap

    @property
    def _squared(self) -> Float32[torch.Tensor, "p 1 *space"]:
        return self.difference.square().mean(dim=1, keepdim=True)


def within(images: Pictures, inside: Float32[torch.Tensor, "p 1 *space"]) -> Pictures:
    """The images, each channel of mean 0 and variance 1 inside."""
    flat, mask = images.flatten(2), inside.flatten(2)
    n = mask.sum(dim=2, keepdim=True).clamp(min=1)
    centred = flat - (flat * mask).sum(dim=2, keepdim=True) / n
    deviation = ((centred.square() * mask).sum(dim=2, keepdim=True) / n).sqrt()
    return (centred / deviation.clamp(min=0.05)).view(images.shape)


def affine_fit(
    moving: Pictures, fixed: Pictures, warp: Warp, canvas: Canvas, *, n_steps: int, least_overlap: float
) -> tuple[Warp, PerPair]:
    """The warp, which must not bend, improved by affine steps; and its cost."""
    ones_and_positions = [torch.stack([torch.ones_like(axis), axis], dim=1) for axis in canvas.axes]
    d = len(canvas.space)
    linear = [0] + [2 ** (d - 1 - axis) for axis in range(d)]  # of the products: 1 and the positions

    def moved(now: Warp, residual: Residual, gradient: torch.Tensor) -> Warp:
        matrix, vector = _normal_equations(residual, gradient, ones_and_positions)
        matrix, vector = matrix[:, :, linear][..., linear], vector[:, :, linear]
        step = _solved(matrix, vector).clamp(-_LARGEST_AFFINE, _LARGEST_AFFINE)
        return now.after(step[:, :, 1:].contiguous(), step[:, :, 0])

    return _best_of(
        moved, moving, fixed, warp, canvas, n_steps, lambda _, residual: residual.cost(least_overlap)
    )


def bent_fit(
    moving: Pictures,
    fixed: Pictures,
    warp: Warp,
    canvas: Canvas,
    *,
    n_steps: int,
    least_overlap: float,
    bending: float,
) -> tuple[Warp, PerPair]:
    """The warp improved by moving its controls, where bending costs; and its cost."""
    n = warp.controls.shape[-1]
    bases = canvas.splines(n)
    stiffness = bending * _bending_energy(canvas, n)

    def cost(now: Warp, residual: Residual) -> PerPair:
        controls = now.controls.flatten(2).double()
        return residual.cost(least_overlap) + ((controls @ stiffness) * controls).sum(dim=(1, 2)).float()

    def moved(now: Warp, residual: Residual, gradient: torch.Tensor) -> Warp:
        matrix, vector = _normal_equations(residual, gradient, bases)
        vector = vector + now.controls.flatten(2).double() @ stiffness
        step = _solved(matrix, vector, stiffness).clamp(-_LARGEST_BEND, _LARGEST_BEND)
        return now.bent_by(step.view(now.controls.shape))

    return _best_of(moved, moving, fixed, warp, canvas, n_steps, cost)


def _best_of(
    moved: Callable[[Warp, Residual, torch.Tensor], Warp],
    moving: Pictures,
    fixed: Pictures,
    warp: Warp,
    canvas: Canvas,
    n_steps: int,
    cost: Callable[[Warp, Residual], PerPair],
) -> tuple[Warp, PerPair]:
    """The best warp met on the way, for each pair, and its cost."""
    slope = canvas.gradient(fixed)
    residual = _residual(moving, fixed, warp, canvas)
    now, best, least = warp, warp, cost(warp, residual)
    for _ in range(n_steps):
        now = moved(now, residual, (canvas.gradient(residual.seen) + slope) / 2)
        residual = _residual(moving, fixed, now, canvas)
        reached = cost(now, residual)
        better: Bool[torch.Tensor, " p"] = reached < least
        best, least = now.where(better, best), torch.where(better, reached, least)
    return best, least


def _residual(moving: Pictures, fixed: Pictures, warp: Warp, canvas: Canvas) -> Residual:
    sources = canvas.sources(warp)
    inside = canvas.inside(sources)
    seen = within(canvas.seen(moving, sources), inside)
    return Residual(seen, seen - within(fixed, inside), inside)


def _normal_equations(
    residual: Residual, gradient: Float32[torch.Tensor, "p d c *space"], bases: list[torch.Tensor]
) -> tuple[Float64[torch.Tensor, "p dd k k"], Float64[torch.Tensor, "p d k"]]:
    """The normal matrix, for each pair of axes a <= b, and the gradient of the cost, for each axis."""
    p, d = gradient.shape[:2]
    n = bases[0].shape[1]
    scale = 1 / (residual.weight[0].numel() * residual.overlap.clamp(min=1e-3))
    weighted = gradient * (residual.weight * scale.view(-1, *[1] * (gradient.ndim - 2)))[:, None]
    slopes = (weighted * residual.difference[:, None]).sum(dim=2)
    squares = [
        (weighted[:, a] * gradient[:, b]).sum(dim=1) for a, b in combinations_with_replacement(range(d), 2)
    ]
    products = [(basis[:, :, None] * basis[:, None, :]).flatten(1).T for basis in bases]
    matrix = along_axes(torch.stack(squares, dim=1), products).view(p, -1, *(n, n) * d)
    first = [2 + 2 * axis for axis in range(d)]
    matrix = matrix.permute(0, 1, *first, *[axis + 1 for axis in first]).reshape(p, -1, n**d, n**d)
    vector = along_axes(slopes, [basis.T for basis in bases]).view(p, d, n**d)
    return matrix.double(), vector.double()


def _solved(
    matrix: Float64[torch.Tensor, "p dd k k"],
    vector: Float64[torch.Tensor, "p d k"],
    stiffness: Float64[torch.Tensor, "k k"] | None = None,
) -> Float32[torch.Tensor, "p d k"]:
    """The step: minus the inverse of the whole matrix, damped and stiffened, times the vector."""
    p, d, k = vector.shape
    whole = matrix.new_empty((p, d, k, d, k))
    for (a, b), part in zip(combinations_with_replacement(range(d), 2), matrix.unbind(1), strict=True):
        whole[:, a, :, b], whole[:, b, :, a] = part, part.mT
    if stiffness is not None:
        for a in range(d):
            whole[:, a, :, a] += stiffness
    square = whole.view(p, d * k, d * k)
    diagonal = square.diagonal(dim1=1, dim2=2)
    diagonal += _DAMPING * diagonal.mean(dim=1, keepdim=True) + _LEAST_CURVATURE
    step = torch.cholesky_solve(vector.reshape(p, d * k, 1), torch.linalg.cholesky(square))
    return -step.view(p, d, k).float()


def _bending_energy(canvas: Canvas, n: int) -> Float64[torch.Tensor, "k k"]:
    """Of controls c: c @ energy @ c is the sum of squared second differences over squared spacings, by control."""
    spacing = [2 * float(extent) / (n - 3) for extent in canvas.extent]
    energy = torch.zeros(n ** len(spacing), n ** len(spacing), dtype=torch.float64)
    for a, b in combinations_with_replacement(range(len(spacing)), 2):
        factors = [torch.eye(n, dtype=torch.float64)] * len(spacing)
        factors[a] = _differences(n, order=1 if a != b else 2)
        factors[b] = factors[b] if a == b else _differences(n, order=1)
        second = factors[0]
        for factor in factors[1:]:
            second = torch.kron(second, factor)
        energy += (1 if a == b else 2) * second.T @ second / (spacing[a] * spacing[b]) ** 2
    return energy.to(canvas.device) / len(energy)


def _differences(n: int, order: int) -> Float64[torch.Tensor, "_ n"]:
    return torch.diff(torch.eye(n, dtype=torch.float64), n=order, dim=0)
