"""What is found of planted copies, as a picture: a panel for each transform, a line for each method."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from doppelscan.findings.power import ALL, Detection, Power, read_power
from doppelscan.report.plots import COLOURS, STYLE
from doppelscan.store import atomic_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["power_figure", "write_power_figure"]

_COLUMNS = 4
_MARKERS = ("o", "s", "^")


def write_power_figure(folder: Path) -> Path:
    """Draw `power.svg` and `power.png` from the folder's `power.json`; the former's path.

    Raises
    ------
    FormatError
        If `power.json` is absent, damaged, or of another version.
    """
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        figure = power_figure(read_power(folder)[0])
        for kind, about in (("png", {"Software": None}), ("svg", {"Date": None})):
            with atomic_file(folder / f"power.{kind}") as draft:
                figure.savefig(draft, format=kind, dpi=150, metadata=about)
    return folder / "power.svg"


def power_figure(power: Power) -> Figure:
    """The share of copies found at 1% of false alarms against their strength; bands are 95% intervals.

    Of partial copies a dashed line tells how many are also outlined.
    """
    from doppelscan.report.shown_figure import ShownFigure

    places = list(_places(power.detections))
    n_columns = min(_COLUMNS, len(places))
    n_rows = len(places) // n_columns
    figure = ShownFigure(figsize=(1.0 + 2.4 * n_columns, 0.8 + 1.9 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True).ravel()
    for axes, place in zip(panels, places, strict=True):
        if place is None:
            axes.set_axis_off()
        else:
            mine = [one for one in power.detections if (one.list, one.transform) == place]
            _draw(axes, mine, power.methods)
    figure.supylabel("copies found at 1% of false alarms", fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    title = "bands: 95% intervals; dotted: the listed strength"
    if any(one.outlined.known for one in power.detections):
        title += "; dashed: outlined, too"
    figure.legend(
        handles, labels, title=title, loc="outside upper left", ncols=len(labels), frameon=False, fontsize=9
    )
    return figure


def _places(detections: Sequence[Detection]) -> Iterator[tuple[str, str] | None]:
    """The list and transform of each panel, all of a list first; each list begins a row, the rest of which is empty."""
    for listed in dict.fromkeys(one.list for one in detections):
        names = dict.fromkeys(one.transform for one in detections if one.list == listed)
        ordered = sorted(names, key=lambda name: name != ALL)
        yield from ((listed, name) for name in ordered)
        alone = len({one.list for one in detections}) == 1 and len(ordered) < _COLUMNS
        yield from [None] * (0 if alone else -len(ordered) % _COLUMNS)


def _draw(axes: Axes, detections: Sequence[Detection], methods: Sequence[str]) -> None:
    """One transform: a line for each method, a point where there are no degrees."""
    first = detections[0]
    axes.set_title(f"{first.list} list, all" if first.transform == ALL else first.transform.replace("_", " "))
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks([0, 0.5, 1], ["0", "50%", "100%"])
    for nth, method in enumerate(methods):
        mine = [one for one in detections if one.method == method]
        _draw_method(axes, mine, method, nth, len(methods))
    if first.fraction is None:
        axes.set_xlim(-1, 1)
        axes.set_xticks([])
    else:
        axes.axvline(1, color="#555555", linewidth=0.9, linestyle=":", zorder=0)
        ticks = {one.fraction: _tick(one) for one in detections}
        axes.set_xticks([at for at in ticks if at is not None], list(ticks.values()))
    axes.set_xlabel(_unit(first), fontsize=6.5, color="#444444")


def _draw_method(axes: Axes, detections: Sequence[Detection], method: str, nth: int, n_methods: int) -> None:
    found = [one.sensitivity_at_1_percent for one in detections]
    value, low, high = ([getattr(one, of) for one in found] for of in ("value", "low", "high"))
    style: dict[str, Any] = {
        "color": COLOURS[nth],
        "marker": _MARKERS[nth],
        "markersize": 4,
        "label": method,
    }
    if detections[0].fraction is None:
        aside = 0.3 * (nth - (n_methods - 1) / 2)
        spread = [[value[0] - low[0]], [high[0] - value[0]]]
        axes.errorbar([aside], value, yerr=spread, linewidth=1.4, **style)
        return
    at = np.array([one.fraction for one in detections], dtype=np.float64)
    axes.plot(at, value, linewidth=1.4, **style)
    axes.fill_between(at, low, high, color=COLOURS[nth], alpha=0.18, linewidth=0)
    if detections[0].outlined.known:
        outlined = [one.outlined.value for one in detections]
        axes.plot(at, outlined, color=COLOURS[nth], linewidth=1.1, linestyle="--")


def _tick(one: Detection) -> str:
    return f"{one.fraction:g}\u00d7" if one.strength is None else f"{one.strength:.3g}"


def _unit(one: Detection) -> str:
    unit = "of the listed strength" if one.transform == ALL else one.unit
    return textwrap.fill(unit, 32)
