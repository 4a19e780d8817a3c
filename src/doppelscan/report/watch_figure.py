"""How copying grows while a model learns, beside how near its samples come to real images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from doppelscan.estimates import Estimate
from doppelscan.mitigation.looks import Look, looks_at
from doppelscan.report.plots import COLOURS, STYLE
from doppelscan.store import atomic_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["watch_figure", "write_watch_figure"]


def write_watch_figure(model: Path) -> Path:
    """Draw `memorization.png` from what was seen of the model in this folder; its path."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        figure = watch_figure(looks_at(model)[0])
        with atomic_file(model / "memorization.png") as draft:
            figure.savefig(draft, format="png", dpi=150, metadata={"Software": None})
    return model / "memorization.png"


def watch_figure(looks: Sequence[Look]) -> Figure:
    """Share of samples that copy, and their Frechet distance, against images seen; bands are 95% intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 4.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    seen = [look.seen for look in looks]
    _draw(above, seen, [look.copied for look in looks], COLOURS[1])
    above.set_ylabel("samples that copy\na training image")
    above.set_ylim(-0.02, 1.02)
    above.set_yticks([0, 0.5, 1], ["0", "50%", "100%"])
    _draw(below, seen, [look.frechet for look in looks], COLOURS[0])
    below.set_ylabel("Fr\u00e9chet distance\nto training images")
    below.set_ylim(bottom=0)
    below.set_xlabel("images seen in training")
    return figure


def _draw(axes: Axes, seen: Sequence[int], estimates: Sequence[Estimate], colour: str) -> None:
    value, low, high = (
        np.array([getattr(one, of) for one in estimates], dtype=np.float64) for of in ("value", "low", "high")
    )
    axes.plot(seen, value, color=colour, marker="o", markersize=3.5, linewidth=1.4)
    axes.fill_between(seen, low, high, color=colour, alpha=0.18, linewidth=0)
