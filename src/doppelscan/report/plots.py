"""How do the figures look? One style, and colours that colour-blind readers tell apart too."""

from __future__ import annotations

from typing import Any

__all__ = ["COLOURS", "STYLE"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#666666", "#AA4499")
"""Those of Okabe and Ito first."""

STYLE: dict[Any, Any] = {
    "font.size": 7.5,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "figure.facecolor": "white",
    "svg.hashsalt": "doppelscan",
}
"""What `matplotlib.rc_context` takes."""
