"""How many coarse numbers make a search cheapest, if any do? Asked of a small sample of both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, Shaped

from doppelscan.search.banded import COST_OF_A_PAIR
from doppelscan.search.bands import Bands, averages, block_side
from doppelscan.search.blocks import Blocks
from doppelscan.search.exact import exact_correlations
from doppelscan.search.neighbours import Groups
from doppelscan.search.plan import Plan

__all__ = ["bands_for"]

_WORTH_A_LOOK = 3e11  # multiplications of the plain search: about six seconds on two cores
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
    m, n = len(queries), len(references)
    runs = min(_KNOWN, plan.memory // 8 // (_RUN * max(1, plan.d) * plan.itemsize))
    if float(m) * n * plan.d < _WORTH_A_LOOK or min(runs, n // _RUN) < _LEAST_KNOWN:
        return None
    asked, known = _spread(m, _ASKED), _spread(n, runs)
    x, y = _read(queries, asked), _read(references, known)
    side = block_side(plan.shape)
    x_grid, y_grid = averages(x, side), averages(y, side)
    left_out = x_grid.constant[:, None] | y_grid.constant
    if exclude:
        left_out |= exclude[0][asked, None] == exclude[1][known]
    finer = np.where(left_out, -np.inf, x_grid.values @ y_grid.values.T + x_grid.rest[:, None] * y_grid.rest)
    reached = _best_scores(x, y, finer, plan.scratch) if least is None else np.full(len(x), least)
    measured = np.arange(len(known)) // _RUN % 5 == 4
    bands = Bands.learnt(y_grid.values[~measured], side, max(_CHOICES), plan.device)
    coarse = bands.coarse(x_grid).cpu().numpy(), bands.coarse(y_grid).cpu().numpy()[measured]
    survives = (finer >= reached[:, None])[:, measured]
    trial = _Trial(*coarse, survives, reached[:, None], plan.d, y_grid.values.shape[1], 1 / m + 1 / n)
    best = min(_CHOICES, key=trial.cost)
    return bands.first(best) if trial.cost(best) < _MARGIN * plan.d else None


@dataclass(frozen=True)
class _Trial:
    """Coarse vectors of a sample, which pairs survive the averages, the scores to reach; the search's size."""

    x: Float32[np.ndarray, "m k"]
    y: Float32[np.ndarray, "n k"]
    survives: Bool[np.ndarray, "m n"]
    least: Float64[np.ndarray, "m 1"]
    d: int
    g: int
    images_a_pair: float

    def cost(self, k: int) -> float:
        """Multiplications that a pair costs on average, with k coarse numbers."""
        x, y = self.x[:, :k], self.y[:, :k]
        rest_of_x, rest_of_y = (np.sqrt((1 - np.square(v).sum(axis=1)).clip(min=0)) for v in (x, y))
        coarse = x @ y.T + rest_of_x[:, None] * rest_of_y >= self.least
        pairs_alone = COST_OF_A_PAIR * (coarse.mean() * self.g + (coarse & self.survives).mean() * self.d)
        return float(k + _COST_OF_A_BOUND + pairs_alone + 2 * k * self.g * self.images_a_pair)


def _best_scores(
    x: Shaped[np.ndarray, "m *shape"],
    y: Shaped[np.ndarray, "n *shape"],
    bounds: Float32[np.ndarray, "m n"],
    memory: int,
) -> Float64[np.ndarray, "m"]:
    """The best score of each query among the references with the largest bounds; 2 where there are none."""
    columns = np.argsort(-bounds, axis=1)[:, :_PROMISING]
    rows = np.broadcast_to(np.arange(len(x))[:, None], columns.shape)
    counts = np.isfinite(bounds[rows, columns])
    scores = np.full(columns.shape, -np.inf)
    scores[counts] = exact_correlations(x, y, (rows[counts], columns[counts]), memory=memory)
    best = scores.max(axis=1)
    return np.where(np.isfinite(best), best, 2.0)


def _spread(n: int, runs: int) -> Int64[np.ndarray, "q"]:
    """Positions of images in runs spread over a set of n."""
    starts = np.linspace(0, max(0, n - _RUN), runs).astype(np.int64)
    return np.unique((starts[:, None] + np.arange(_RUN)).clip(max=n - 1))


def _read(images: Blocks, positions: Int64[np.ndarray, "q"]) -> Shaped[np.ndarray, "q c *space"]:
    runs = np.split(positions, np.flatnonzero(np.diff(positions) != 1) + 1)
    return np.concatenate([images.read(int(run[0]), int(run[-1]) + 1) for run in runs])
