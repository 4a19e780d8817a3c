"""Which pairs are read, and in which order? The most suspicious matches, among them controls whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from doppelscan.findings import Findings, Run, most_suspicious
from doppelscan.review.verdicts import PairKey
from doppelscan.seeds import stream

__all__ = ["QueueSettings", "QueuedPair", "queue_of"]


@dataclass(frozen=True)
class QueueSettings:
    """How many pairs are read.

    Attributes
    ----------
    n_pairs
        So many of the audit's matches, the most suspicious ones.
    n_controls
        So many known copies among them, and as many held-out images; fewer where the run has no more.
    seed
        Draws which known copies there are, and where the controls stand.
    """

    n_pairs: int = 100
    n_controls: int = 10
    seed: int = 0


@dataclass(frozen=True)
class QueuedPair:
    """A pair to be read, and where its first image is found; `planted` by the transform of this name.

    A reader sees nothing of this but the two images.
    """

    key: PairKey
    found_in: Literal["synthetic", "planted", "holdout", "train"] = "synthetic"
    transform: str = ""


def queue_of(run: Run, settings: QueueSettings) -> tuple[QueuedPair, ...]:
    """The audited pairs, most suspicious first, and controls at places drawn by seed; the same for every reader.

    Known copies are drawn among those that the audit planted. Held-out images are those whose match is the most
    suspicious, beside that match; without a holdout they are training images beside those of other patients.
    """
    pairs = _audited(run.matches, settings.n_pairs)
    controls = [*_known_copies(run.controls, settings), *_unseen(run, settings.n_controls)]
    n = len(pairs) + len(controls)
    chance = stream(settings.seed, "places of controls")
    places = set(chance.choice(n, len(controls), replace=False).tolist())
    shuffled = iter([controls[k] for k in chance.permutation(len(controls))])
    ranked = iter(pairs)
    return tuple(next(shuffled if place in places else ranked) for place in range(n))


def _audited(matches: pd.DataFrame, n: int) -> list[QueuedPair]:
    best = most_suspicious(matches)
    named = best.loc[best["train_id"].notna(), ["synthetic_id", "train_id"]].head(n)
    return [QueuedPair(PairKey(*row)) for row in named.itertuples(index=False)]


def _known_copies(controls: pd.DataFrame, settings: QueueSettings) -> list[QueuedPair]:
    planted = controls[controls["arm"] == "copy"]
    order = stream(settings.seed, "known copies").permutation(len(planted))[: settings.n_controls]
    rows = planted.iloc[order][["image_id", "source_id", "transform"]]
    return [
        QueuedPair(PairKey(image, source, "copy"), "planted", transform)
        for image, source, transform in rows.itertuples(index=False)
    ]


def _unseen(run: Run, n: int) -> list[QueuedPair]:
    held = run.nulls[run.nulls["arm"] == "calibration"]
    null, found_in = (held, "holdout") if len(held) else (run.nulls, "train")
    null = null[null["best_id"].notna() & ~_in_error(null, run.findings)]
    nearest = null.sort_values(["statistic", "score"], ascending=False, kind="stable").head(n)
    rows = nearest[["image_id", "best_id"]].itertuples(index=False)
    return [QueuedPair(PairKey(image, best, "novel"), found_in) for image, best in rows]  # type: ignore[arg-type]


def _in_error(null: pd.DataFrame, findings: Findings) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which images are near-identical to one of another name: nobody knows whether they are novel."""
    wrong = {name for error in findings.identity_errors for name in (error.image_id, error.other_id)}
    return np.asarray(null["image_id"].isin(wrong) | null["best_id"].isin(wrong))
