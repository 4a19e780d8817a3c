"""Which synthetic images may leave the house? Those that neither the audit nor a reader speaks against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from jaxtyping import Int64

from doppelscan.estimates import Estimate
from doppelscan.findings import Run, most_suspicious
from doppelscan.review import known_copies_let_pass

__all__ = ["Selection", "select"]

_AGAINST = {"copy", "same_patient"}
_DECIDED = {*_AGAINST, "novel"}
_BLIND = 0.5  # who lets so many of the known copies pass sees no more than chance
_SHOWN = 3  # fewer known copies tell nothing of a reader


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
    blindly_reviewed
        The same of those that only readers have decided about who let known copies pass.
    blind
        These readers, and the share of the known copies that each let pass: at least half of at least three.
    """

    passed: tuple[str, ...]
    withheld: dict[str, str]
    unreviewed: dict[str, int]
    blindly_reviewed: dict[str, int] = field(default_factory=dict)
    blind: Mapping[str, Estimate] = field(default_factory=dict)


def select(
    run: Run, ids: list[str], *, verdicts: pd.DataFrame | None = None, margin: float | None = None
) -> Selection:
    """What of the synthetic images `ids` passes.

    `verdicts` are those of `review.verdicts_of`; controls among them say nothing of the images.
    """
    best = most_suspicious(run.matches).set_index("synthetic_id")
    said, blind = _by_image(verdicts), _blind(verdicts)
    seen = said if verdicts is None else _by_image(verdicts[~verdicts["reader"].isin(list(blind))])
    why = dict.fromkeys(set(ids) - set(best.index), "unaudited")
    why |= dict.fromkeys(best.index[best["p_kind"] == "undefined"], "unjudged")
    why |= dict.fromkeys(_near(run, best, margin), "margin")
    why |= {name: "readers" for name, labels in said.items() if labels & _AGAINST}
    why |= dict.fromkeys(best.index[best["copied"].astype(bool)], "copied")
    why |= dict.fromkeys(run.derived.loc[run.derived["from_source"].astype(bool), "synthetic_id"], "copied")
    passed = [name for name in best.index if name not in why]
    undecided = {
        name: rank for rank, name in enumerate(passed, start=1) if not seen.get(name, set()) & _DECIDED
    }
    blindly = {name: rank for name, rank in undecided.items() if said.get(name, set()) & _DECIDED}
    return Selection(
        tuple(name for name in ids if name not in why),
        {name: why[name] for name in ids if name in why},
        {name: rank for name, rank in undecided.items() if name not in blindly},
        blindly,
        blind,
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


def _blind(verdicts: pd.DataFrame | None) -> dict[str, Estimate]:
    """The readers whose "novel" says nothing, since they say it of known copies."""
    shares = {} if verdicts is None else known_copies_let_pass(verdicts)
    return {name: share for name, share in shares.items() if share.n >= _SHOWN and share.value >= _BLIND}


def _near(run: Run, best: pd.DataFrame, margin: float | None) -> list[str]:
    """Images whose statistic is within `margin` of what would be flagged: the threshold, else the null's largest."""
    if margin is None:
        return []
    threshold = run.findings.threshold
    limit = run.nulls["statistic"].max() if threshold is None else threshold
    return list(best.index[best["statistic"] >= limit - margin])
