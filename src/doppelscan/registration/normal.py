"""Which step reduces the cost most? Normal equations for parameters along every axis, pair by pair.

With r the residual, g its weight, J the gradient of the images and B the basis functions of a step s, it minimises

    mean over the overlap of  g (r + J B s)^2  +  stiffness.

Basis functions are products of functions of one axis: the sums over pixels are taken axis by axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import torch
import torch.nn.functional as nn
from jaxtyping import Float32, Float64

from doppelscan.registration.residuals import Residual
from doppelscan.registration.separable import along_axes

__all__ = ["bending_energy", "equations", "solved"]

_DAMPING = 1e-3  # of the matrix's mean diagonal
_LEAST_CURVATURE = 1e-6
_ALIGNED = 8  # rows of float64: with these each matrix begins where the processor reads a whole vector

Matrix = Float64[torch.Tensor, "p _ k k"]
Vector = Float64[torch.Tensor, "p d k"]


def equations(
    residual: Residual, gradient: Float32[torch.Tensor, "p d c *space"], bases: Sequence[torch.Tensor]
) -> tuple[Matrix, Vector]:
    """The normal matrix, for each pair of axes a <= b, and half the slope of the cost, for each axis.

    `bases` are matrices (length, n), one for each axis of space; k = n ** d products of them are numbered with
    the last axis running fastest.
    """
    p, d, n = *gradient.shape[:2], bases[0].shape[1]
    area = residual.inside[0].numel() * residual.overlap.clamp(min=1e-3)
    weight = residual.weight / area.view(-1, *[1] * (gradient.ndim - 2))
    weighted = gradient * weight[:, None]
    squares = [
        (weighted[:, a] * gradient[:, b]).sum(dim=1) for a, b in combinations_with_replacement(range(d), 2)
    ]
    products = [(basis[:, :, None] * basis[:, None, :]).flatten(1).T for basis in bases]
    matrix = along_axes(torch.stack(squares, dim=1), products).view(p, -1, *(n, n) * d)
    firsts, seconds = range(2, 2 + 2 * d, 2), range(3, 3 + 2 * d, 2)
    matrix = matrix.permute(0, 1, *firsts, *seconds).reshape(p, -1, n**d, n**d)
    slopes = (weighted * residual.difference[:, None]).sum(dim=2)
    vector = along_axes(slopes, [basis.T for basis in bases]).view(p, d, n**d)
    return matrix.double(), vector.double()


def solved(
    matrix: Matrix, vector: Vector, stiffness: Float64[torch.Tensor, "k k"]
) -> Float32[torch.Tensor, "p d k"]:
    """The step: minus the inverse of the whole matrix, damped and stiffened, times the vector."""
    p, d, k = vector.shape
    whole = matrix.new_empty((p, d, k, d, k))
    for (a, b), part in zip(combinations_with_replacement(range(d), 2), matrix.unbind(1), strict=True):
        whole[:, a, :, b], whole[:, b, :, a] = part, part.mT
    for a in range(d):
        whole[:, a, :, a] += stiffness
    square = whole.view(p, d * k, d * k)
    diagonal = square.diagonal(dim1=1, dim2=2)
    diagonal += _DAMPING * diagonal.mean(dim=1, keepdim=True) + _LEAST_CURVATURE
    return -_quotient(square, vector.reshape(p, d * k, 1)).view(p, d, k).float()


def _quotient(
    square: Float64[torch.Tensor, "p k k"], vector: Float64[torch.Tensor, "p k 1"]
) -> Float64[torch.Tensor, "p k 1"]:
    """The inverse times the vector; rows are added, as rounding depends on where in memory a matrix begins."""
    k = square.shape[1]
    more = -k % _ALIGNED
    square = nn.pad(square, (0, more, 0, more))
    square.diagonal(dim1=1, dim2=2)[:, k:] = 1
    return torch.cholesky_solve(nn.pad(vector, (0, 0, 0, more)), torch.linalg.cholesky(square))[:, :k]


def bending_energy(extent: Sequence[float], n: int) -> Float64[torch.Tensor, "k k"]:
    """Of `n` controls c along each axis of half-length `extent`: c @ energy @ c is their bending.

    That is the mean over controls of all squared second derivatives, by differences of neighbouring controls.
    """
    spacing = [2 * half / (n - 3) for half in extent]
    energy = torch.zeros(n ** len(spacing), n ** len(spacing), dtype=torch.float64)
    for a, b in combinations_with_replacement(range(len(spacing)), 2):
        second = torch.ones(1, 1, dtype=torch.float64)
        for axis in range(len(spacing)):
            second = torch.kron(second, _differences(n, order=(axis == a) + (axis == b)))
        energy += (1 if a == b else 2) * second.T @ second / (spacing[a] * spacing[b]) ** 2
    return energy / len(energy)


def _differences(n: int, order: int) -> Float64[torch.Tensor, "_ n"]:
    identity = torch.eye(n, dtype=torch.float64)
    return torch.diff(identity, n=order, dim=0) if order else identity
