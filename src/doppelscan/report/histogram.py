"""Where the marks of a histogram lie: synthetic images above a middle line, the null below it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from doppelscan.report.axes import Axis, Tick
from doppelscan.report.numbers import counted, share, value

__all__ = ["Bar", "Histogram", "Scores", "histogram"]

LEFT, RIGHT, TOP, MIDDLE, BOTTOM = 50.0, 466.0, 24.0, 142.0, 260.0
N_BINS = 40
LEAST_HEIGHT = 3.0  # one image among thousands is still seen

Floats = Float[np.ndarray, " _"]


@dataclass(frozen=True)
class Scores:
    """What is drawn: one value an image, NaN where undefined; which synthetic images are flagged.

    `mark` is what the threshold is called.
    """

    synthetic: Float[np.ndarray, " n"]
    flagged: Bool[np.ndarray, " n"]
    null: Float[np.ndarray, " m"]
    threshold: float | None = None
    mark: str = "threshold"


@dataclass(frozen=True)
class Bar:
    """One bar: its rectangle, what it counts (`unflagged`, `flagged` or `null`), and that in words."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True)
class Histogram:
    """The marks of one histogram, in a frame of 480 x 310."""

    axis: str
    description: str
    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    threshold: Tick | None
    beyond: bool


def histogram(axis: str, scores: Scores) -> Histogram | None:
    """The histogram of a score or statistic; None where no synthetic image has one.

    Values far above both the null and the threshold share the last bar (`beyond`), so that one extreme
    value does not squeeze the rest.
    """
    if np.isnan(scores.synthetic).all():
        return None
    low, high = _extent(scores)
    across, bins = Axis(low, high, LEFT, RIGHT), _bins(scores, low, high)
    tallest = max(bin_.share for bin_ in bins)
    beyond = bool((scores.synthetic > high).any())
    return Histogram(
        axis,
        _described(scores),
        tuple(_bars(bins, across, Axis(0.0, tallest, 0.0, MIDDLE - TOP), beyond=beyond)),
        tuple(across.ticks(5)),
        tuple(_heights(tallest)),
        _mark(scores, across),
        beyond,
    )


@dataclass(frozen=True)
class _Bin:
    kind: str
    place: int
    count: int
    share: float


def _extent(scores: Scores) -> tuple[float, float]:
    marks = [] if scores.threshold is None else [scores.threshold]
    usual, every = _finite(scores.null, marks), _finite(scores.synthetic, scores.null, marks)
    if not every.size:
        return 0.0, 1.0
    low, high = float(every.min()), float(every.max())
    if usual.size and usual.max() > low:
        high = min(high, float(usual.max() + (usual.max() - low)))
    return (low, high) if high - low > 1e-9 * max(1.0, abs(high)) else (low - 0.5, high + 0.5)


def _finite(*parts: Floats | list[float]) -> Float[np.ndarray, " k"]:
    values = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
    return np.asarray(values[np.isfinite(values)])


def _bins(scores: Scores, low: float, high: float) -> list[_Bin]:
    kinds = {
        "unflagged": (scores.synthetic[~scores.flagged], len(scores.synthetic)),
        "flagged": (scores.synthetic[scores.flagged], len(scores.synthetic)),
        "null": (scores.null, len(scores.null)),
    }
    return [bin_ for kind, (values, n) in kinds.items() for bin_ in _bins_of(kind, values, n, low, high)]


def _bins_of(kind: str, values: Floats, n: int, low: float, high: float) -> Iterator[_Bin]:
    inside = np.clip(values[~np.isnan(values)], low, high)
    for place, count in enumerate(np.histogram(inside, N_BINS, (low, high))[0]):
        if count:
            yield _Bin(kind, place, int(count), int(count) / n)


def _bars(bins: list[_Bin], across: Axis, up: Axis, *, beyond: bool) -> Iterator[Bar]:
    width, floors = (RIGHT - LEFT) / N_BINS, dict.fromkeys(range(N_BINS), MIDDLE)
    for bin_ in bins:
        height = max(up(bin_.share), LEAST_HEIGHT)
        floors[bin_.place] -= 0 if bin_.kind == "null" else height
        top = MIDDLE if bin_.kind == "null" else floors[bin_.place]
        x = LEFT + bin_.place * width + 0.5
        yield Bar(
            round(x, 2),
            round(top, 2),
            round(width - 1, 2),
            height,
            bin_.kind,
            _told(bin_, across, beyond=beyond),
        )


def _told(bin_: _Bin, across: Axis, *, beyond: bool) -> str:
    step = (across.high - across.low) / N_BINS
    first, last = across.low + bin_.place * step, across.low + (bin_.place + 1) * step
    where = (
        f"{value(first)} or more"
        if beyond and bin_.place == N_BINS - 1
        else f"{value(first)} to {value(last)}"
    )
    noun = "real image" if bin_.kind == "null" else f"{bin_.kind} synthetic image"
    return f"{where}: {counted(bin_.count, noun)} ({share(bin_.share)})"


def _heights(tallest: float) -> Iterator[Tick]:
    yield Tick(MIDDLE, "0%")
    for tick in list(Axis(0.0, 100 * tallest, 0.0, MIDDLE - TOP).ticks(3))[1:]:
        yield Tick(MIDDLE - tick.at, f"{tick.text}%")
        yield Tick(MIDDLE + tick.at, f"{tick.text}%")


def _mark(scores: Scores, across: Axis) -> Tick | None:
    if scores.threshold is None or not math.isfinite(scores.threshold):
        return None
    return Tick(across(scores.threshold), f"{scores.mark} {value(scores.threshold)}")


def _described(scores: Scores) -> str:
    n_flagged = int(scores.flagged.sum())
    told = f"{counted(len(scores.synthetic), 'synthetic image')}, {n_flagged:,} flagged; {_spread(scores.synthetic)}."
    if np.isfinite(scores.null).any():
        told += f" Null of {counted(len(scores.null), 'real image')}; {_spread(scores.null)}."
    return told + (
        f" {scores.mark.capitalize()}: {value(scores.threshold)}." if scores.threshold is not None else ""
    )


def _spread(values: Floats) -> str:
    ordered = np.sort(values[~np.isnan(values)]).tolist()
    return f"median {value(ordered[len(ordered) // 2])}, from {value(ordered[0])} to {value(ordered[-1])}"
