"""Which synthetic images may leave the house? Those that neither the audit nor a reader speaks against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Int64

from doppelscan.findings import Run, most_suspicious

__all__ = ["Selection", "select"]

_AGAINST = {"copy", "same_patient"}
_DECIDED = {*_AGAINST, "novel"}


@dataclass(frozen=True)
class Selection:
    """What passes, and what does not.

    Attributes
    ----------
    passed
        Ids of the images that pass, in the order of the set.
    withheld
        Why each of the others stays, by its id: `copied` (the audit flags it, as a copy of others or as one that
        repeats what it was made from), `readers` (one of them says copy, or same patient), `margin` (too near the
        threshold), `unjudged` (a constant image), `unaudited` (not in the audit).
    unreviewed
        Of those that pass, how suspicious each is that no reader has decided about: its rank from 1, by id.
    """

    passed: tuple[str, ...]
    withheld: dict[str, str]
    unreviewed: dict[str, int]


def select(
    run: Run, ids: list[str], *, verdicts: pd.DataFrame | None = None, margin: float | None = None
) -> Selection:
    """What of the synthetic images `ids` passes.

    `verdicts` are those of `review.verdicts_of`; controls among them say nothing of the images.
    """
    best = most_suspicious(run.matches).set_index("synthetic_id")
    said = _by_image(verdicts)
    why = dict.fromkeys(set(ids) - set(best.index), "unaudited")
    why |= dict.fromkeys(best.index[best["p_kind"] == "undefined"], "unjudged")
    why |= dict.fromkeys(_near(run, best, margin), "margin")
    why |= {name: "readers" for name, labels in said.items() if labels & _AGAINST}
    why |= dict.fromkeys(best.index[best["copied"].astype(bool)], "copied")
    why |= dict.fromkeys(run.derived.loc[run.derived["from_source"].astype(bool), "synthetic_id"], "copied")
    passed = [name for name in best.index if name not in why]
    unreviewed = {
        name: rank for rank, name in enumerate(passed, start=1) if not said.get(name, set()) & _DECIDED
    }
    return Selection(
        tuple(name for name in ids if name not in why),
        {name: why[name] for name in ids if name in why},
        unreviewed,
    )


def positions(ids: list[str], chosen: tuple[str, ...]) -> Int64[np.ndarray, " n"]:
    """Where the chosen ids are among all."""
    place = {name: position for position, name in enumerate(ids)}
    return np.array([place[name] for name in chosen], dtype=np.int64)


def _by_image(verdicts: pd.DataFrame | None) -> dict[str, set[str]]:
    """What readers say of each synthetic image."""
    if verdicts is None:
        return {}
    rows = verdicts[verdicts["control"] == ""]
    return {str(name): set(labels) for name, labels in rows.groupby("synthetic_id")["label"]}


def _near(run: Run, best: pd.DataFrame, margin: float | None) -> list[str]:
    """Images whose statistic is within `margin` of what would be flagged: the threshold, else the null's largest."""
    if margin is None:
        return []
    threshold = run.findings.threshold
    limit = run.nulls["statistic"].max() if threshold is None else threshold
    return list(best.index[best["statistic"] >= limit - margin])
