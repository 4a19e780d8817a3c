"""From which rough alignment does a pair start? Many are tried at a quarter of the size, the best at half."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations, product

import torch
from jaxtyping import Bool, Float32, Int64

from doppelscan.registration.canvas import Warp
from doppelscan.registration.fitting import affine_fit
from doppelscan.registration.preparing import halved
from doppelscan.registration.residuals import Paired, PerPair
from doppelscan.registration.settings import AlignmentSettings, Poses

__all__ = ["Start", "best_starts", "pose_matrices", "signed", "start_matrices"]

Matrices = Float32[torch.Tensor, "k d d"]
Start = tuple[Warp, Bool[torch.Tensor, " p"]]
Tried = list[tuple[Start, PerPair]]

_N_CONTROLS = 4  # of warps that do not bend


def best_starts(paired: Paired, settings: AlignmentSettings) -> Start:
    """For each pair a warp without bending, and whether dark corresponds to bright."""
    half = _halved(paired)
    tried = _tried(_halved(half), settings)
    followed = [_improved(half, start, settings.coarse_steps) for start in _best(tried, settings.n_starts)]
    return _best(followed, 1)[0]


def start_matrices(settings: AlignmentSettings, n_axes: int) -> Matrices:
    """Every pose, turned and zoomed in every way that is asked for."""
    turns = [turn for degrees in settings.turns_degrees for turn in _turns(degrees, n_axes)]
    poses = pose_matrices(settings.poses, n_axes)
    return torch.stack([pose @ turn / zoom for pose in poses for turn in turns for zoom in settings.zooms])


def pose_matrices(poses: Poses, n_axes: int) -> Matrices:
    """The flips and quarter turns that are tried, the one that changes nothing first.

    Left and right are the columns of an image, the first axis of a volume.
    """
    if poses == "mirrored":
        mirror = torch.eye(n_axes)
        mirror[(-1, -1) if n_axes == 2 else (0, 0)] = -1
        return torch.stack([torch.eye(n_axes), mirror])
    orders = [torch.eye(n_axes)[list(order)] for order in permutations(range(n_axes))]
    signs = [torch.diag(torch.tensor(signs)) for signs in product((1.0, -1.0), repeat=n_axes)]
    return torch.stack([sign @ order for order in orders for sign in signs])


def signed(paired: Paired, inverted: Bool[torch.Tensor, " p"]) -> Paired:
    """The pairs, dark and bright exchanged in the moving images that are inverted."""
    each = inverted.view(-1, *[1] * (paired.moving.ndim - 1))
    return replace(paired, moving=torch.where(each, -paired.moving, paired.moving))


def _halved(paired: Paired) -> Paired:
    return replace(paired, moving=halved(paired.moving), fixed=halved(paired.fixed))


def _turns(degrees: float, n_axes: int) -> list[Float32[torch.Tensor, "d d"]]:
    """The turns by an angle in each plane of two axes, either way."""
    if degrees == 0:
        return [torch.eye(n_axes)]
    turns = []
    for (a, b), angle in product(combinations(range(n_axes), 2), (degrees, -degrees)):
        turn, radians = torch.eye(n_axes), torch.deg2rad(torch.tensor(angle))
        turn[a, a] = turn[b, b] = radians.cos()
        turn[a, b], turn[b, a] = -radians.sin(), radians.sin()
        turns.append(turn)
    return turns


def _tried(paired: Paired, settings: AlignmentSettings) -> Tried:
    """Every start, improved a little, and what it costs."""
    p, n_axes, device = len(paired.fixed), paired.fixed.ndim - 2, paired.fixed.device
    tried = []
    for matrix in start_matrices(settings, n_axes).to(device):
        warp = Warp.affine(matrix.repeat(p, 1, 1), matrix.new_zeros(p, n_axes), _N_CONTROLS)
        for inverted in (False, True) if settings.inversion else (False,):
            start = warp, torch.full((p,), inverted, device=device)
            tried.append(_improved(paired, start, settings.first_steps))
    return tried


def _improved(paired: Paired, start: Start, n_steps: int) -> tuple[Start, PerPair]:
    warp, inverted = start
    warp, cost = affine_fit(signed(paired, inverted), warp, n_steps)
    return (warp, inverted), cost


def _best(tried: Tried, n: int) -> list[Start]:
    """The n starts of least cost of each pair, best first."""
    costs = torch.stack([cost for _, cost in tried], dim=1)
    order = costs.argsort(dim=1, stable=True)[:, :n]
    return [_chosen(tried, order[:, rank]) for rank in range(order.shape[1])]


def _chosen(tried: Tried, which: Int64[torch.Tensor, " p"]) -> Start:
    warp, inverted = tried[0][0]
    for number, ((other, sign), _) in enumerate(tried):
        warp = other.where(which == number, warp)
        inverted = torch.where(which == number, sign, inverted)
    return warp, inverted
