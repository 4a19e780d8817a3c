"""Which verdicts of readers still hold? Any that speak against an image; "novel" only of the pair suspected now.

Who audits again in the same folder, by another method, suspects other pairs, which nobody may have seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from doppelscan.errors import UnreadableImage
from doppelscan.findings import Run, most_suspicious
from doppelscan.imagesets import ImageSet, open_images
from doppelscan.imagesets.together import Source
from doppelscan.report.sources import Pictures, pictures
from doppelscan.review import pair_fingerprint, verdicts_of

__all__ = ["standing_verdicts"]


def standing_verdicts(folder: Path, run: Run, moved: Mapping[str, Source | None]) -> pd.DataFrame:
    """The verdicts in a run's folder, without every "novel" about other pairs than the run's, or other pixels."""
    verdicts = verdicts_of(folder)
    asked = (verdicts["control"] == "") & (verdicts["label"] == "novel")
    if not asked.any():
        return verdicts
    synthetic, train = (
        pictures(run.record, part, _opened(moved.get(part))) for part in ("synthetic", "train")
    )
    best = most_suspicious(run.matches)
    suspected = set(zip(best["synthetic_id"], best["train_id"], strict=True))
    stale = [
        index
        for index, row in verdicts[asked].iterrows()
        if (row["synthetic_id"], row["train_id"]) not in suspected
        or row["fingerprint"] != _now(row, synthetic, train)
    ]
    return verdicts.drop(index=stale)


def _opened(source: Source | None) -> ImageSet | None:
    return source if source is None or isinstance(source, ImageSet) else open_images(source)


def _now(row: Any, synthetic: Pictures, train: Pictures) -> str:
    """The fingerprint of the pair as it is now; empty where it cannot be read."""
    try:
        return pair_fingerprint(synthetic(str(row["synthetic_id"])), train(str(row["train_id"])))
    except UnreadableImage:
        return ""
