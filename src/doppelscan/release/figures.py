"""What is drawn of an audit that may be published? Scores and power: lines and bars, no picture, no name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Float64

from doppelscan.findings import Findings, RatesByTransform, Run, most_suspicious
from doppelscan.report.plots import COLOURS, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["write_figures"]

_BINS = 40


def write_figures(folder: Path, run: Run) -> tuple[str, ...]:
    """Write the figures that the audit allows, as PNG without any metadata; their names under `folder`."""
    import matplotlib as mpl

    names = []
    (folder / "figures").mkdir(exist_ok=True)
    with mpl.rc_context(STYLE | {"axes.axisbelow": True}):
        for name, figure in _figures(run):
            names.append(f"figures/{name}.png")
            _write(figure, folder / names[-1])
    return tuple(names)


def _write(figure: Figure, path: Path) -> None:
    """As any PNG of a release: matplotlib's own says which version drew it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from doppelscan.release.forms import png

    canvas: Any = FigureCanvasAgg(figure)
    figure.set_dpi(130)
    canvas.draw()
    path.write_bytes(png.packed(np.moveaxis(np.asarray(canvas.buffer_rgba())[..., :3], -1, 0)))


def _figures(run: Run) -> Iterator[tuple[str, Figure]]:
    from matplotlib.figure import Figure

    best = most_suspicious(run.matches)
    flagged = best["copied"].to_numpy(bool)
    synthetic, null = (_numbers(column) for column in (best["statistic"], run.nulls["statistic"]))
    if np.isfinite(synthetic).any():
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        _draw_scores(figure.subplots(), run.findings, synthetic, flagged, null)
        yield "scores", figure
    if run.findings.power.by_transform:
        n = len(run.findings.power.by_transform)
        figure = Figure(figsize=(6.4, 1.2 + 0.24 * n), layout="constrained")
        _draw_power(figure.subplots(), run.findings.power, run.findings.false_alarms)
        yield "power", figure


def _draw_scores(
    axes: Axes,
    findings: Findings,
    synthetic: Float64[np.ndarray, " n"],
    flagged: np.ndarray[tuple[int], np.dtype[np.bool_]],
    null: Float64[np.ndarray, " m"],
) -> None:
    """Above the line the synthetic images, those flagged in another colour; below it the null."""
    every = np.concatenate([synthetic[np.isfinite(synthetic)], null[np.isfinite(null)]])
    edges = np.linspace(every.min(), every.max() + 1e-9, _BINS + 1)
    kinds: Mapping[str, tuple[np.ndarray[tuple[int], np.dtype[np.float64]], str, int]] = {
        "synthetic, released or withheld": (synthetic[~flagged], COLOURS[0], 1),
        "synthetic, flagged as copies": (synthetic[flagged], COLOURS[1], 1),
        "real images (null)": (null, "#888888", -1),
    }
    for name, (values, colour, side) in kinds.items():
        total = max(len(null) if side < 0 else len(synthetic), 1)
        counts = np.histogram(values[np.isfinite(values)], edges)[0] / total
        axes.bar(edges[:-1], side * counts, np.diff(edges), align="edge", color=colour, label=name)
    if findings.threshold is not None:
        axes.axvline(findings.threshold, color="#000000", linewidth=0.9, linestyle=":", label="threshold")
    axes.axhline(0, color="#444444", linewidth=0.8)
    axes.set_xlabel(f"statistic ({findings.statistic}); larger is more suspicious")
    axes.set_ylabel("share of images")
    axes.legend(frameon=False, loc="upper right")


def _draw_power(axes: Axes, power: RatesByTransform, alarms: RatesByTransform) -> None:
    """For each transform the share of planted copies that is found, and of novel images, with intervals."""
    names = ["all together", *power.by_transform]
    for rates, colour, marker, label, aside in (
        (power, COLOURS[0], "o", "planted copies found (power)", -0.12),
        (alarms, COLOURS[1], "s", "false alarms", 0.12),
    ):
        found = [rates.overall, *(rates.by_transform.get(name) for name in power.by_transform)]
        for place, one in enumerate(found):
            if one is not None and one.known:
                axes.plot([one.low, one.high], [place + aside] * 2, color=colour, linewidth=1.2)
                named = label if one is rates.overall else None
                axes.plot([one.value], [place + aside], marker, color=colour, markersize=4, label=named)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.set_xticks([0, 0.5, 1], ["0", "50%", "100%"])
    axes.set_xlim(-0.03, 1.03)
    axes.invert_yaxis()
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _numbers(column: pd.Series[float]) -> Float64[np.ndarray, " n"]:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
