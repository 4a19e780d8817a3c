"""Is a claim of a recipe borne out? The difference between two levels, its interval over seeds, and the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float64

from doppelscan.estimates import Estimate
from doppelscan.studies.recipe import Contrast, Recipe

__all__ = ["Settled", "Verdict", "settled"]

Verdict = Literal["agrees", "disagrees", "unresolved"]

_POWER = 0.8


@dataclass(frozen=True)
class Settled:
    """What a study says of one claim.

    Attributes
    ----------
    difference
        The outcome at the claim's `high` level less that at its `low`, all else equal, mean over what else
        was varied; `n` counts seeds.
    detectable
        The difference that a study of so many seeds, as scattered as these, finds in 8 of 10 repetitions.
        NaN with a single seed.
    verdict
        `agrees` or `disagrees` where the interval leaves no doubt about the sign, else `unresolved`.
    """

    contrast: Contrast
    difference: Estimate
    detectable: float
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        about = {name: getattr(self.contrast, name) for name in ("claim", "of", "factor", "low", "high")}
        about |= {"outcome": self.contrast.outcome, "expected": self.contrast.expected}
        ends = {name: _finite(getattr(self.difference, name)) for name in ("value", "low", "high")}
        return about | {
            "where": dict(self.contrast.where),
            "difference": ends | {"n": self.difference.n},
            "detectable": _finite(self.detectable),
            "verdict": self.verdict,
        }


def settled(recipe: Recipe, cells: pd.DataFrame) -> list[Settled]:
    """Each claim of the recipe, in its order.

    Parameters
    ----------
    cells
        A row for each finished cell: its factors, `seed`, and `outcome`, `outcome_low`, `outcome_high` for
        each outcome.
    """
    return [_settled(recipe, contrast, cells) for contrast in recipe.contrasts]


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _settled(recipe: Recipe, contrast: Contrast, cells: pd.DataFrame) -> Settled:
    pairs = _pairs(recipe, contrast, cells)
    difference, error, n = _difference(pairs)
    if n < 2 or not math.isfinite(error):
        unknown = Estimate(difference, -math.inf, math.inf, n)
        return Settled(contrast, unknown, math.nan, "unresolved")
    from scipy.special import stdtrit

    wide = float(stdtrit(n - 1, 0.975))
    estimate = Estimate(difference, difference - wide * error, difference + wide * error, n)
    detectable = (wide + float(stdtrit(n - 1, _POWER))) * error
    return Settled(contrast, estimate, detectable, _verdict(contrast, estimate))


def _pairs(recipe: Recipe, contrast: Contrast, cells: pd.DataFrame) -> pd.DataFrame:
    """Pairs of cells that differ in the claim's factor alone: `seed`, `difference`, `variance`."""
    outcome = contrast.outcome
    for factor, level in contrast.where.items():
        cells = cells[cells[factor] == level]
    same = [factor for factor in recipe.fixed if factor != contrast.factor] + ["seed"]
    low, high = (cells[cells[contrast.factor] == level] for level in (contrast.low, contrast.high))
    both = low.merge(high, on=same, suffixes=("", " high")).dropna(subset=[outcome, f"{outcome} high"])
    variance = _variance(both, outcome, "") + _variance(both, outcome, " high")
    difference = both[f"{outcome} high"] - both[outcome]
    return pd.DataFrame({"seed": both["seed"], "difference": difference, "variance": variance})


def _variance(both: pd.DataFrame, outcome: str, suffix: str) -> pd.Series[float]:
    """What a cell's own interval says of its variance."""
    half: pd.Series[float] = (both[f"{outcome}_high{suffix}"] - both[f"{outcome}_low{suffix}"]) / 2
    return (half / 1.96) ** 2


def _difference(pairs: pd.DataFrame) -> tuple[float, float, int]:
    """The mean over seeds, its standard error, and how many seeds.

    Pairs of one seed share patients and are averaged first. The error is that between seeds, and never less
    than what the cells' own intervals leave open: three seeds may agree by chance.
    """
    if pairs.empty:
        return math.nan, math.nan, 0
    seeds = pairs.groupby("seed")
    each: Float64[np.ndarray, " s"] = seeds["difference"].mean().to_numpy(np.float64)
    within = float((seeds["variance"].sum() / seeds.size() ** 2).sum()) / len(each) ** 2
    between = float(each.var(ddof=1)) / len(each) if len(each) > 1 else math.nan
    return float(each.mean()), math.sqrt(max(between, within)), len(each)


def _verdict(contrast: Contrast, difference: Estimate) -> Verdict:
    sign = {"higher": 1, "lower": -1}[contrast.expected]
    if difference.low <= 0 <= difference.high:
        return "unresolved"
    return "agrees" if sign * difference.value > 0 else "disagrees"
