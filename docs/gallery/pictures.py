"""What does the gallery show? Samples side by side, and the curves of a training; both small PNG files."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from doppelscan.images.montage import picture, sheet
from doppelscan.imagesets import ImageSet
from doppelscan.store import write_bytes

__all__ = ["write_curves", "write_grid"]

_STYLE: dict[Any, Any] = {
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "figure.facecolor": "white",
}
_COLOURS = ("#0072B2", "#D55E00", "#009E73")  # of Okabe and Ito
_LOSSES = ("training loss", "holdout loss")
_PLAYERS = ("generator", "discriminator")
_ROWS, _COLUMNS = 3, {2: 8, 3: 4}


def write_grid(path: Path, samples: ImageSet, real: ImageSet | None) -> None:
    """The samples of the first seeds, whichever they are; above them, apart, a row of real images."""
    columns = _COLUMNS[len(samples.shape) - 1]
    shown = _sheet(samples, _ROWS * columns)
    if real is not None:
        gap = np.full((8, *shown.shape[1:]), 255, np.uint8)
        shown = np.concatenate([_sheet(real, columns), gap, shown])
    stream = io.BytesIO()
    Image.fromarray(shown[..., 0]).save(stream, "PNG", optimize=True)
    write_bytes(path, stream.getvalue())


def write_curves(path: Path, metrics: Path) -> None:
    """Losses on training and on held-out images, a panel for each stage; of a GAN, those of its players."""
    lines = [json.loads(text) for text in metrics.read_text().splitlines()]
    stages = list(dict.fromkeys(line["stage"] for line in lines))
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(3.2 * len(stages), 2.0), layout="constrained")
        panels = figure.subplots(1, len(stages), squeeze=False)[0]
        for axes, stage in zip(panels, stages, strict=True):
            _draw(axes, stage, [line for line in lines if line["stage"] == stage])
        figure.savefig(path, dpi=120, metadata={"Software": None})


def _sheet(images: ImageSet, n: int) -> np.ndarray:
    """The first images from black to white over the whole range of 8 bits; volumes larger, by three middle slices."""
    flat = len(images.shape) == 3
    shown = [picture(pixels, (0, 255)) for pixels in images.read(0, n)]
    shown = shown if flat else [one.repeat(2, axis=0).repeat(2, axis=1) for one in shown]
    return sheet(shown, _COLUMNS[len(images.shape) - 1])


def _draw(axes: Axes, stage: str, lines: list[dict[str, Any]]) -> None:
    curves: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for line in lines:
        for name in (*_LOSSES, *_PLAYERS):
            if name in line:
                curves[name].append((line["seen"], line[name]))
    for colour, (name, points) in zip(_COLOURS, sorted(curves.items(), reverse=True), strict=False):
        seen, values = zip(*points, strict=True)
        style = "o-" if name in _LOSSES else "-"
        axes.plot(seen, values, style, color=colour, linewidth=1.2, markersize=3, label=name)
    axes.set_title(stage)
    axes.set_xlabel("images seen")
    axes.set_xlim(left=0)
    axes.legend(frameon=False, loc="upper right")
