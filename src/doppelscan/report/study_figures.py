"""What a study found, as pictures: one for each claim, lines between cells that differ in its factor alone."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from doppelscan.report.power_figure import COLOURS, STYLE
from doppelscan.studies.outcomes import OUTCOMES
from doppelscan.studies.recipe import Contrast
from doppelscan.studies.records import Study

__all__ = ["claim_figure"]


def claim_figure(study: Study, contrast: Contrast) -> bytes:
    """A PNG of the outcome at every level of the claim's factor: cells that differ in nothing else are joined."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 2.8), layout="constrained")
        axes = figure.subplots()
        cells = _counted(study.cells, contrast)
        levels = sorted(cells[contrast.factor].unique(), key=lambda level: (isinstance(level, str), level))
        others = [name for name in study.recipe.fixed if name != contrast.factor]
        places = {level: place for place, level in enumerate(levels)}
        for nth, (_, alike) in enumerate(cells.groupby([*others, "seed"], sort=False)):
            ordered = alike.sort_values(contrast.factor, key=lambda column: column.map(places))
            at = ordered[contrast.factor].map(places).to_numpy(np.float64)
            seed = study.recipe.seeds.index(int(ordered["seed"].iloc[0]))
            aside = 0.12 * (nth - cells.groupby([*others, "seed"]).ngroups / 2) / max(nth, 1)
            spread = _spread(ordered, contrast.outcome)
            axes.errorbar(
                at + aside,
                ordered[contrast.outcome],
                yerr=spread,
                color=COLOURS[seed % len(COLOURS)],
                marker="o",
                markersize=3.5,
                linewidth=1,
                alpha=0.8,
            )
        axes.set_xticks(range(len(levels)), [str(level) for level in levels])
        axes.set_xlabel(contrast.factor)
        axes.set_ylabel(OUTCOMES[contrast.outcome].replace(" that ", "\nthat ", 1), fontsize=7)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=150, metadata={"Software": None})
    return drawn.getvalue()


def _counted(cells: pd.DataFrame, contrast: Contrast) -> pd.DataFrame:
    """The finished cells that the claim is about."""
    for factor, level in contrast.where.items():
        cells = cells[cells[factor] == level]
    return cells.dropna(subset=[contrast.outcome])


def _spread(cells: pd.DataFrame, outcome: str) -> list[np.ndarray]:
    """What lies below and above each value, none of it negative."""
    value, low, high = (cells[f"{outcome}{end}"].to_numpy(np.float64) for end in ("", "_low", "_high"))
    return [np.maximum(value - low, 0), np.maximum(high - value, 0)]
