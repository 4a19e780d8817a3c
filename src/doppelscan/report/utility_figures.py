"""What synthetic images are worth, as pictures: learning curves, ratios, groups, and a map of the vectors."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from doppelscan.findings.utility import Outcome, Utility
from doppelscan.report.plots import COLOURS, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["group_figure", "map_figure", "ratio_figure", "size_figure"]

_CONTROLS = {"real": "#222222", "duplicated": "#888888", "augmented": "#E69F00"}
_BY_ARM = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9")


def size_figure(found: Utility) -> bytes:
    """A PNG of the outcome by real images per class: real ones alone, and each arm at its largest ratio."""
    most = max((one.per_real for one in found.outcomes), default=0)

    def draw(axes: Axes) -> None:
        for arm in _arms(found):
            ratio = 0 if arm == "real" else most
            _line(
                axes,
                found,
                [o for o in _joined(found) if (o.arm, o.per_real) == (arm, ratio)],
                arm,
                "real_per_class",
            )
        axes.set_xscale("log")
        axes.set_xticks(sorted({o.real_per_class for o in found.outcomes}))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.set_xlabel(f"real images per class; other arms have {most} for each real one beside them")
        axes.set_ylabel(found.outcome.replace("_", " "))

    return _png(draw)


def ratio_figure(found: Utility, real_per_class: float) -> bytes:
    """A PNG of the outcome by synthetic images per real one, at one number of real images per class."""

    def draw(axes: Axes) -> None:
        here = [one for one in _joined(found) if one.real_per_class == real_per_class]
        start = [one for one in here if one.arm == "real"]
        for arm in (name for name in _arms(found) if name != "real"):
            _line(axes, found, [*start, *(o for o in here if o.arm == arm)], arm, "per_real")
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xticks(sorted({one.per_real for one in here}))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.set_xlabel(f"images for each real one, beside {real_per_class:g} real ones per class")
        axes.set_ylabel(found.outcome.replace("_", " "))

    return _png(draw)


def group_figure(found: Utility, arm: str, column: str) -> bytes:
    """A PNG of the gain over real images alone in each group of a column, at the largest ratio."""
    mine = [
        c for c in found.contrasts if (c.arm, c.against) == (arm, "real") and c.group.startswith(f"{column}=")
    ]
    groups = sorted({one.group for one in mine})
    sizes = sorted({one.real_per_class for one in mine})
    most = max((one.per_real for one in mine), default=0)

    def draw(axes: Axes) -> None:
        for nth, size in enumerate(sizes):
            here = {c.group: c.difference for c in mine if (c.real_per_class, c.per_real) == (size, most)}
            at = [
                place + 0.7 * ((nth + 0.5) / len(sizes) - 0.5) for place, g in enumerate(groups) if g in here
            ]
            _bars(axes, at, [here[g] for g in groups if g in here], COLOURS[nth % len(COLOURS)], f"{size:g}")
        axes.axhline(0, color="#444444", linewidth=0.8)
        axes.set_xticks(range(len(groups)), [group.partition("=")[2] for group in groups])
        axes.set_xlabel(column.replace("_", " "))
        axes.set_ylabel(f"gain by {most} per real one")
        _legend(axes, title="real per class")

    return _png(draw)


def map_figure(table: pd.DataFrame, arm: str) -> bytes:
    """A PNG of granted real images (rings) and an arm's (dots) along the real ones' first two principal axes."""
    labels = sorted(table["label"].dropna().unique())

    def draw(axes: Axes) -> None:
        for nth, label in enumerate(labels):
            colour, mine = COLOURS[nth % len(COLOURS)], table[table["label"] == label]
            made, real = mine[mine["arm"] == arm], mine[mine["arm"] == "real"]
            axes.scatter(made["x"], made["y"], s=7, color=colour, alpha=0.55, linewidth=0, label=label)
            axes.scatter(real["x"], real["y"], s=22, facecolor="none", edgecolor=colour, linewidth=0.9)
        axes.set_xlabel("first principal axis of real images")
        axes.set_ylabel("second")
        _legend(axes)

    return _png(draw)


def _png(draw: Callable[[Axes], None]) -> bytes:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 3.1), layout="constrained")
        axes = figure.subplots()
        draw(axes)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=150, metadata={"Software": None})
    return drawn.getvalue()


def _joined(found: Utility) -> list[Outcome]:
    return [one for one in found.outcomes if one.part == "joined"]


def _arms(found: Utility) -> Iterator[str]:
    """Real images alone, the controls, then the generators."""
    yield "real"
    for kind in ("control", "generator"):
        yield from (arm.name for arm in found.arms if arm.kind == kind)


def _colour(found: Utility, arm: str) -> str:
    generators = [one.name for one in found.arms if one.kind == "generator"]
    return _CONTROLS.get(arm) or _BY_ARM[generators.index(arm) % len(_BY_ARM)]


def _line(axes: Axes, found: Utility, cells: Sequence[Outcome], arm: str, along: str) -> None:
    """A line through the cells with a band of their intervals."""
    known = [one for one in cells if one.measures[found.outcome].known]
    if not known:
        return
    ordered = sorted(known, key=lambda one: float(getattr(one, along)))
    at = [float(getattr(one, along)) for one in ordered]
    values = [one.measures[found.outcome] for one in ordered]
    style: dict[str, Any] = {"color": _colour(found, arm), "linewidth": 1.3, "markersize": 3.5, "marker": "o"}
    if arm in {"duplicated", "augmented"}:
        style["linestyle"] = "--"
    axes.plot(at, [one.value for one in values], label=arm, **style)
    axes.fill_between(
        at, [v.low for v in values], [v.high for v in values], color=style["color"], alpha=0.12, linewidth=0
    )
    _legend(axes)


def _bars(axes: Axes, at: Sequence[float], found: Sequence[Any], colour: str, label: str) -> None:
    value = np.array([one.value for one in found])
    spread = [value - [one.low for one in found], [one.high for one in found] - value]
    axes.errorbar(at, value, yerr=spread, color=colour, fmt="o", markersize=3.5, linewidth=1.2, label=label)


def _legend(axes: Axes, title: str | None = None) -> None:
    """Above the axes: it hides no data, and no place has to be looked for among them."""
    axes.legend(
        title=title,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=4,
        frameon=False,
        fontsize=6.5,
        markerscale=1.6,
    )
