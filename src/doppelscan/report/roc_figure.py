"""How well are members told from others, as a picture? Curves on log scales, where few errors are allowed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from doppelscan.findings.membership import WITHOUT_MODEL, Membership, read_membership
from doppelscan.report.plots import COLOURS, STYLE
from doppelscan.store import atomic_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["by_patient", "roc", "roc_figure", "write_roc_figure"]


def write_roc_figure(folder: Path) -> Path:
    """Draw `roc.svg` and `roc.png` from the folder's `membership.json` and its table; the former's path.

    Raises
    ------
    FormatError
        If either is absent, damaged, or of another version.
    """
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        figure = roc_figure(*read_membership(folder))
        for kind, about in (("png", {"Software": None}), ("svg", {"Date": None})):
            with atomic_file(folder / f"roc.{kind}") as draft:
                figure.savefig(draft, format=kind, dpi=150, metadata=about)
    return folder / "roc.svg"


def roc_figure(membership: Membership, scores: pd.DataFrame) -> Figure:
    """Every attack's curve by image and by patient; dashed, the classifier that sees no model."""
    from doppelscan.report.shown_figure import ShownFigure

    figure = ShownFigure(figsize=(8.4, 4.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    names = [WITHOUT_MODEL, *(attack.name for attack in membership.attacks)]
    for axes, title, rows in zip(panels, ("images", "patients"), (scores, by_patient(scores)), strict=True):
        _draw(axes, rows, names, membership.primary)
        axes.set_title(f"by {title[:-1]}")
        axes.set_xlabel(f"share of other {title} taken for members")
    panels[0].set_ylabel("share of members found")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, frameon=False)
    return figure


def by_patient(scores: pd.DataFrame) -> pd.DataFrame:
    """The table with one row for each attack and patient, the mean of the patient's images."""
    named = scores.assign(who=scores["patient"].fillna("\0" + scores["image_id"]))
    mean = named.groupby(["attack", "member", "who"], sort=False)["score"].mean()
    return mean.reset_index()


def roc(
    score: Float64[np.ndarray, " n"], member: Bool[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " k"], Float64[np.ndarray, " k"]]:
    """The shares of others and of members at or above each score, highest first, from none to all."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    found = np.cumsum(member[order])[last]
    wrong = np.cumsum(~member[order])[last]
    return np.append(0, wrong / wrong[-1]), np.append(0, found / found[-1])


def _draw(axes: Axes, rows: pd.DataFrame, names: Sequence[str], primary: str) -> None:
    n_others = int((~rows.loc[rows["attack"] == primary, "member"]).sum())
    least = 0.5 / max(n_others, 1)
    chance = np.geomspace(least, 1, 50)
    axes.plot(chance, chance, color="#bbbbbb", linewidth=1, linestyle=":", label="chance")
    for name, colour in zip(names, COLOURS, strict=False):
        mine = rows[rows["attack"] == name]
        wrong, found = roc(mine["score"].to_numpy(np.float64), mine["member"].to_numpy(bool))
        style = "--" if name == WITHOUT_MODEL else "-"
        width = 2.2 if name == primary else 1.2
        shown = np.maximum(wrong, least), np.maximum(found, 1e-6)
        axes.step(
            *shown, where="post", color=colour, linestyle=style, linewidth=width, label=name.replace("_", " ")
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(least, 1)
    axes.set_ylim(min(least, 1e-3), 1.1)
