"""How far a correlation from the fast float32 product can be from the true one."""

from __future__ import annotations

import torch
from jaxtyping import Float32

__all__ = ["STRIP", "product_error", "rough_correlations"]

STRIP = 2048
"""Columns summed in one matrix product; strips are then added up."""

_U = 2.0**-24  # unit roundoff of float32
_INPUT_ROUNDING = {"none": 0.0, "ieee": 0.0, "highest": 0.0, "tf32": 2.0**-10, "high": 2.0**-10}
_COARSEST = 2.0**-7  # bfloat16, truncated


def rough_correlations(
    a: Float32[torch.Tensor, "m d"], b: Float32[torch.Tensor, "n d"]
) -> Float32[torch.Tensor, "m n"]:
    """`a @ b.T`, added up strip by strip, so that its error grows with d / STRIP and not with d."""
    with torch.autocast(a.device.type, enabled=False):
        total = a[:, :STRIP] @ b[:, :STRIP].T
        for start in range(STRIP, a.shape[1], STRIP):
            total += a[:, start : start + STRIP] @ b[:, start : start + STRIP].T
    return total


def product_error(d: int, device: torch.device, *, n_folds: int = 0) -> float:
    r"""The most by which `rough_correlations` of rounded unit vectors can miss the true correlation.

    Let u = 2^-24 and γ_k = k u / (1 - k u). The product of one strip of c columns, summed in whatever
    order, misses by at most γ_c Σ|x_i||y_i| (Higham, Accuracy and Stability of Numerical Algorithms,
    2nd ed., eq. 3.5), and adding s strips costs s - 1 roundings more: γ_{c+s-1} Σ|x_i||y_i| in all, where
    Σ|x_i||y_i| ≤ |x||y| ≤ (1 + u)² by Cauchy and Schwarz. Rounding the two unit vectors to float32 costs
    2u + u². Where the user lets products round their inputs (TF32, bfloat16) to a relative δ, that costs
    2δ + δ², and sums may be truncated, which doubles u. Underflow costs less than d 2^-126.

    Where flips of `n_folds` axes count (`symmetry`), vectors are rounded once more, which costs 2u + u² again,
    and the products of parts are added up in a tree of that depth: so many roundings more in every sum.

    Four u are added for the terms of second order and for thresholds that are themselves rounded to float32.
    """
    delta = _input_rounding(device)
    u = _U if delta == 0 else 2 * _U
    k = min(d, STRIP) - (-d // STRIP) + 4 + (n_folds + 3 if n_folds else 0)
    return (2 * delta + delta**2 + 2 * u + k * u / (1 - k * u)) * (1 + delta) ** 2


def _input_rounding(device: torch.device) -> float:
    """How far, relatively, products on `device` round float32 inputs, as the user's settings have it."""
    backend = torch.backends.cuda if device.type == "cuda" else torch.backends.mkldnn
    setting = getattr(getattr(backend, "matmul", None), "fp32_precision", None)  # torch 2.9 and later
    return _INPUT_ROUNDING.get(setting or torch.get_float32_matmul_precision(), _COARSEST)
