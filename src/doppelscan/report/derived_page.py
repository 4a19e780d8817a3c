"""What does the page say of images that were made from real ones? Whom they copy, and which part of them is new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from doppelscan.findings import Findings, Run
from doppelscan.findings.derived import DerivedFindings
from doppelscan.images import Image
from doppelscan.images.montage import picture
from doppelscan.report.gallery import Panel, looked_up, panel, pictured
from doppelscan.report.intervals import ceiling
from doppelscan.report.names import Names
from doppelscan.report.numbers import counted, p_value, value
from doppelscan.report.overlays import hatched
from doppelscan.report.rates import Rates, rate_of
from doppelscan.report.sources import Pictures

__all__ = ["Child", "DerivedSaid", "derived_said", "made_from_real"]

N_SHOWN = 3  # of each strategy


@dataclass(frozen=True)
class Child:
    """An image beside the one that it was made from; `flagged` if its new part repeats that one's."""

    strategy: str
    verdict: str
    flagged: bool
    who: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class DerivedSaid:
    """The section: sentences, both rates and those by strategy, and some of the images."""

    sentences: tuple[str, ...]
    rates: Rates
    children: tuple[Child, ...]


def derived_said(run: Run, names: Names, *, synthetic: Pictures, train: Pictures) -> DerivedSaid | None:
    """What is said of images made from training images, of each strategy the most suspicious shown; None without any.

    Where names are redacted `synthetic` must withhold them: they show what was kept of their sources.
    """
    found = run.findings.derived
    if found is None:
        return None
    ordered = run.derived[run.derived["arm"] == "train"].sort_values(
        ["from_source", "p_value", "score"], ascending=[False, True, False], kind="stable"
    )
    shown = ordered.groupby("strategy", sort=True, dropna=False).head(N_SHOWN)
    shown = shown.sort_values("strategy", kind="stable")
    return DerivedSaid(
        tuple(_sentences(found)),
        _rates(run.findings, found),
        tuple(_child(row, names, synthetic, train) for row in shown.itertuples()),
    )


def made_from_real(run: Run) -> frozenset[str]:
    """The synthetic images of which parts may be of real ones; all, where some are made from nobody knows whom."""
    found = run.findings.derived
    if found is not None and found.n_lost:
        return frozenset(run.matches["synthetic_id"])
    return frozenset(run.derived["synthetic_id"])


def _sentences(found: DerivedFindings) -> Iterator[str]:
    yield (
        f"{counted(found.n, 'synthetic image')} {'was' if found.n == 1 else 'were'} made from training images, which "
        "they resemble by design. So they are never matched with the patient that they were made from, and what was "
        "drawn anew is compared with what it replaced."
    )
    if found.n_null:
        yield (
            f"How well that can be foreseen from what is around it is told by {counted(found.n_null, 'image')} made "
            f"in the same ways from held-out images of {counted(found.n_null_patients, 'patient')}."
        )
    if found.n and not found.from_source.known:
        yield (
            "Whether new parts repeat their sources cannot be told: that needs images made in the same way from "
            "held-out images of at least two patients."
        )
    if found.n_lost:
        yield (
            f"{counted(found.n_lost, 'image')} name a source that is in neither set: if they are flagged, it may be "
            "as copies of that."
        )


def _rates(findings: Findings, found: DerivedFindings) -> Rates:
    rows = [
        ("Copy another patient", f"of the {found.n:,} made from training images", found.from_others),
        ("Repeat their source", f"of those judged, at a rate of false discoveries of {100 * findings.fdr:.3g}%",
         found.from_source),
    ]  # fmt: skip
    rows += [(name, "repeat their source", one) for name, one in found.by_strategy.items()]
    end = ceiling(estimate for _, _, estimate in rows)
    return Rates(f"{100 * end:g}%", tuple((name, about, rate_of(one, end)) for name, about, one in rows))


def _child(row: Any, names: Names, synthetic: Pictures, train: Pictures) -> Child:
    source = names.image(row.source_id)
    patient = names.patient(None if pd.isna(row.patient) else row.patient)
    judged = not pd.isna(row.p_value)
    return Child(
        strategy="made from a real image" if pd.isna(row.strategy) else row.strategy,
        verdict=("repeats its source" if row.from_source else "not flagged") if judged else "not judged",
        flagged=bool(row.from_source),
        who=(("synthetic", row.synthetic_id), ("source", source), ("patient", patient)),
        facts=(("score", value(row.score)), ("p-value", p_value(row.p_value)), ("q-value", p_value(row.q_value))),
        panels=_panels(
            (f"The training image {source}", looked_up(row.source_id, train)),
            (f"Synthetic image {row.synthetic_id}", looked_up(row.synthetic_id, synthetic)),
        ),
    )  # fmt: skip


def _panels(source: tuple[str, Image | str], made: tuple[str, Image | str]) -> tuple[Panel, ...]:
    return (panel("source", *source), panel("drawn", *made), _new_part(source[1], made))


def _new_part(source: Image | str, made: tuple[str, Image | str]) -> Panel:
    """The image with stripes wherever its pixels are the source's."""
    alt, image = f"What is new in it: {made[0]}", made[1]
    if isinstance(source, str) or isinstance(image, str):
        return Panel("new part", alt, blank="It needs both images.")
    if source.stored.shape != image.stored.shape:
        return Panel("new part", alt, blank="The images differ in shape.")
    same = np.broadcast_to((source.pixels == image.pixels).all(axis=0), image.pixels.shape)
    kept = picture(same.astype(np.float32), (0.0, 1.0), spacing_mm=image.spacing_mm)
    shown = picture(image.pixels, spacing_mm=image.spacing_mm)
    return pictured("new part", alt, hatched(shown, kept[..., 0] > 127))
