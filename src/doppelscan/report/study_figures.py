"""What a study found, as pictures: one for each claim, lines between cells that differ in its factor alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from doppelscan.report.plots import COLOURS, STYLE
from doppelscan.studies.outcomes import OUTCOMES
from doppelscan.studies.recipe import Contrast
from doppelscan.studies.records import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["claim_figure"]


def claim_figure(study: Study, contrast: Contrast) -> bytes:
    """A PNG of the outcome at every level of the claim's factor: cells that differ in nothing else are joined."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 2.8), layout="constrained")
        axes = figure.subplots()
        cells = _counted(study.cells, contrast)
        levels = _ordered(study, contrast)
        alike = cells.groupby([*(name for name in study.recipe.fixed if name != contrast.factor), "seed"])
        for nth, (_, joined) in enumerate(alike):
            aside = 0.3 * ((nth + 0.5) / alike.ngroups - 0.5)
            _join(axes, joined, contrast, levels, aside, study.recipe.seeds)
        axes.set_xticks(range(len(levels)), [str(level) for level in levels])
        axes.set_xlabel(contrast.factor)
        axes.set_ylabel(OUTCOMES[contrast.outcome].replace(" that ", "\nthat ", 1), fontsize=7)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=150, metadata={"Software": None})
    return drawn.getvalue()


def _join(
    axes: Axes, cells: pd.DataFrame, contrast: Contrast, levels: list[Any], aside: float, seeds: Sequence[int]
) -> None:
    """One line through the cells that differ in the claim's factor alone."""
    places = cells[contrast.factor].map(levels.index)
    ordered = cells.assign(place=places).sort_values("place")
    axes.errorbar(
        ordered["place"] + aside,
        ordered[contrast.outcome],
        yerr=_spread(ordered, contrast.outcome),
        color=COLOURS[seeds.index(int(ordered["seed"].iloc[0])) % len(COLOURS)],
        marker="o",
        markersize=3.5,
        linewidth=1,
        alpha=0.8,
    )


def _ordered(study: Study, contrast: Contrast) -> list[Any]:
    """The levels of the claim's factor: numbers by size, names as the claim and then the recipe have them."""
    found = [contrast.low, contrast.high, study.recipe.fixed[contrast.factor]]
    found += [level for block in study.recipe.grid for level in block.get(contrast.factor, ())]
    unique = list(dict.fromkeys(found))
    return sorted(unique) if all(isinstance(level, int) for level in unique) else unique


def _counted(cells: pd.DataFrame, contrast: Contrast) -> pd.DataFrame:
    """The finished cells that the claim is about."""
    for factor, level in contrast.where.items():
        cells = cells[cells[factor] == level]
    return cells.dropna(subset=[contrast.outcome])


def _spread(cells: pd.DataFrame, outcome: str) -> list[np.ndarray]:
    """What lies below and above each value, none of it negative."""
    value, low, high = (cells[f"{outcome}{end}"].to_numpy(np.float64) for end in ("", "_low", "_high"))
    return [np.maximum(value - low, 0), np.maximum(high - value, 0)]
