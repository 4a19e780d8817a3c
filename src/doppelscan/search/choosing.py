"""How many coarse numbers make a search cheapest, if any do? Asked of a small sample of both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, Shaped

from doppelscan.search.banded import COST_OF_A_PAIR
from doppelscan.search.bands import Bands, Grid, averages, block_side
from doppelscan.search.blocks import Blocks
from doppelscan.search.candidates import Candidates, scores_of
from doppelscan.search.neighbours import Groups
from doppelscan.search.plan import Plan
from doppelscan.search.symmetry import Symmetry

__all__ = ["WORTH_A_LOOK", "bands_for"]

WORTH_A_LOOK = 3e11  # multiplications of the plain search: about six seconds on two cores
_RUN = 8  # images read in a row
_ASKED = 12  # runs of queries
_KNOWN = 100  # runs of references: every fifth to measure on, the others to learn from
_LEAST_KNOWN = 5  # runs of references that say anything
_CHOICES = (32, 64, 96, 128, 192, 256, 320)
_COST_OF_A_BOUND = 16  # what choosing among the bounds costs a pair, in multiplications of the product
_MARGIN = 0.7  # of the plain search's cost: what a sample promises must be clearly less
_PROMISING = 3


def bands_for(
    queries: Blocks, references: Blocks, exclude: Groups | None, plan: Plan, *, least: float | None = None
) -> Bands | None:
    """The bands that make this search cheapest; None where a plain matrix product does.

    What a reference must reach is `least`, or else the score of a query's best reference in the sample,
    which is less than that in the search: more pairs survive in the sample.
    """
    m, n, brute_force = len(queries), len(references), plan.d * len(plan.symmetry.exchanges)
    runs = min(_KNOWN, plan.memory // 8 // (_RUN * max(1, plan.d) * plan.itemsize))
    if float(m) * n * brute_force < WORTH_A_LOOK or min(runs, n // _RUN) < _LEAST_KNOWN:
        return None
    asked, known = _spread(m, _ASKED), _spread(n, runs)
    x, y = _read(queries, asked), _read(references, known)
    side = block_side(plan.shape)
    x_grid, y_grid = averages(x, side), averages(y, side)
    left_out = x_grid.constant[:, None] | y_grid.constant
    if exclude:
        left_out |= exclude[0][asked, None] == exclude[1][known]
    measured = np.arange(len(known)) // _RUN % 5 == 4
    bands = Bands.learnt(y_grid.values[~measured], side, max(_CHOICES), plan.symmetry, plan.device)
    turned = _in_every_pose(x_grid, bands.symmetry)
    finer = turned.values @ y_grid.values.T + turned.rest[:, None] * y_grid.rest
    finer = np.where(left_out, -np.inf, finer.reshape(-1, *left_out.shape))
    reached = _best_scores(x, y, finer, plan) if least is None else np.full(len(x), least)
    x_coarse, y_coarse = (bands.coarse_by_rank(grid).cpu().numpy() for grid in (turned, y_grid))
    survives = (finer >= reached[:, None])[..., measured]
    trial = _Trial(x_coarse, y_coarse[measured], survives, reached[:, None], bands, plan, 1 / m + 1 / n)
    best = min(_CHOICES, key=trial.cost)
    return bands.first(best) if trial.cost(best) < _MARGIN * brute_force else None


@dataclass(frozen=True)
class _Trial:
    """Coarse numbers of a sample, of queries pose by pose; which pairs survive the averages; the search's size."""

    x: Float32[np.ndarray, "poses_m k"]
    y: Float32[np.ndarray, "n k"]
    survives: Bool[np.ndarray, "poses m n"]
    least: Float64[np.ndarray, "m 1"]
    bands: Bands
    plan: Plan
    images_a_pair: float

    def cost(self, k: int) -> float:
        """Multiplications that a pair costs on average, with k coarse numbers."""
        x, y = self.x[:, :k], self.y[:, :k]
        rest_of_x, rest_of_y = (np.sqrt((1 - np.square(v).sum(axis=1)).clip(min=0)) for v in (x, y))
        bounds = (x @ y.T + rest_of_x[:, None] * rest_of_y).reshape(self.survives.shape)
        coarse = bounds >= self.least
        n_poses, n_orders, g = len(bounds), len(self.plan.symmetry.exchanges), self.bands.basis.shape[1]
        pairs_alone = coarse.mean() * g + (coarse & self.survives).mean() * self.plan.d
        every_pair = n_orders * k + n_poses * _COST_OF_A_BOUND
        conversion = 2 * k * g * self.images_a_pair * n_orders
        return float(every_pair + n_poses * COST_OF_A_PAIR * pairs_alone + conversion)


def _in_every_pose(grid: Grid, symmetry: Symmetry) -> Grid:
    """The averages of the images, pose after pose."""
    n, n_poses = len(grid.values), len(symmetry.poses)
    which, poses = np.tile(np.arange(n), n_poses), np.repeat(np.arange(n_poses), n)
    return Grid(symmetry.turned(grid.values, which, poses), grid.rest[which], grid.constant[which])


def _best_scores(
    x: Shaped[np.ndarray, "m *shape"],
    y: Shaped[np.ndarray, "n *shape"],
    bounds: Float32[np.ndarray, "poses m n"],
    plan: Plan,
) -> Float64[np.ndarray, "m"]:
    """The best score of each query among the references with the largest bounds; 2 where there are none."""
    largest, poses = bounds.max(axis=0), bounds.argmax(axis=0)
    columns = np.argsort(-largest, axis=1)[:, :_PROMISING]
    rows = np.broadcast_to(np.arange(len(x))[:, None], columns.shape)
    counts = np.isfinite(largest[rows, columns])
    candidates = Candidates(rows[counts], columns[counts], poses[rows, columns][counts])
    scores = np.full(columns.shape, -np.inf)
    scores[counts] = scores_of(candidates, x, y, plan)
    best = scores.max(axis=1)
    return np.where(np.isfinite(best), best, 2.0)


def _spread(n: int, runs: int) -> Int64[np.ndarray, "q"]:
    """Positions of images in runs spread over a set of n."""
    starts = np.linspace(0, max(0, n - _RUN), runs).astype(np.int64)
    return np.unique((starts[:, None] + np.arange(_RUN)).clip(max=n - 1))


def _read(images: Blocks, positions: Int64[np.ndarray, "q"]) -> Shaped[np.ndarray, "q c *space"]:
    runs = np.split(positions, np.flatnonzero(np.diff(positions) != 1) + 1)
    return np.concatenate([images.read(int(run[0]), int(run[-1]) + 1) for run in runs])
