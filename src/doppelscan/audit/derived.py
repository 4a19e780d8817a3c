"""Images that were made from real ones: of whom, which part is new, and whether that repeats what was hidden.

Such an image resembles its source by design, so two questions are asked apart (design, section 7.10). From others: the
image as a whole is matched as any, but never with its source's patient. From its source: the part that was drawn
anew is correlated with the same part of the source. How well it can be foreseen from what is around it is told by
images that the same strategy made of held-out ones, whom the generator cannot remember: they are the null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64, Shaped

from doppelscan.audit.inputs import Sets
from doppelscan.audit.matching import References
from doppelscan.audit.witnesses import Exclude
from doppelscan.audit.witnesses.witness import fisher_z
from doppelscan.errors import InputError, Problem
from doppelscan.estimates import Estimate
from doppelscan.findings.derived import DerivedFindings
from doppelscan.images.geometry import resize
from doppelscan.images.regions import region_from
from doppelscan.imagesets import ImageSet
from doppelscan.statistics import PatientNull, clustered, q_values

__all__ = ["Lineage", "derived_findings", "derived_table", "lineage_problems", "own_patients"]

_LEAST = 2  # held-out patients of one strategy, for a null


@dataclass(frozen=True, eq=False)
class Lineage:
    """The source of each synthetic image by its position in the training or the held-out set, -1 where it has none.

    `lost` are images whose source is in neither.
    """

    train: Int64[np.ndarray, " m"]
    holdout: Int64[np.ndarray, " m"]
    lost: Bool[np.ndarray, " m"]

    @staticmethod
    def of(synthetic: ImageSet, train: ImageSet, holdout: ImageSet | None) -> Lineage:
        """What the column `source_id` says."""
        named = _named(synthetic)
        own, held = _positions(named, train), _positions(named, holdout)
        return Lineage(own, held, named.notna().to_numpy() & (own < 0) & (held < 0))


def lineage_problems(sets: Sets) -> list[Problem]:
    """What is wrong with the sources and regions that synthetic images name."""
    named, problems = _named(sets.synthetic), []
    lineage = Lineage.of(sets.synthetic, sets.train, sets.holdout)
    if both := sorted(set(named[(lineage.train >= 0) & (lineage.holdout >= 0)])):
        what = f"source_id {both[0]} is an image of the training set and one of the holdout"
        problems.append(Problem(what, where=sets.synthetic.name, cure="give them ids of their own"))
    for text in _regions(sets.synthetic).dropna().unique():
        problems += [
            Problem(what, where=sets.synthetic.name) for what in _odd(text, len(sets.train.shape) - 1)
        ]
    return problems[:5]


def _odd(text: str, n_axes: int) -> list[str]:
    """What is wrong with a region; an empty one would leave an image with nothing that it is held against."""
    try:
        region = region_from(text)
    except InputError as error:
        return [one.what for one in error.problems]
    if region.ndim != n_axes:
        return [f"the region {text!r} has {region.ndim} axes, the images have {n_axes}"]
    return [] if region.any() else [f"the region {text!r} is empty"]


def own_patients(synthetic: ImageSet, references: References) -> tuple[Exclude | None, Exclude | None]:
    """Whom each synthetic image is not matched with, in the training and the held-out set: its source's patient.

    An image that has the very pixels of its source is that source, whatever it says, and is matched with everybody.
    """
    lineage = Lineage.of(synthetic, references.train, references.holdout)
    return (
        _left_out(_changed(synthetic, lineage.train, references.train), references.train, references),
        _left_out(_changed(synthetic, lineage.holdout, references.holdout), references.holdout, references),
    )


def derived_table(sets: Sets, fdr: float) -> pd.DataFrame:
    """How well the new part of each derived image repeats its source, and whether that can be chance."""
    lineage = Lineage.of(sets.synthetic, sets.train, sets.holdout)
    parts = [
        _scored(sets.synthetic, lineage.train, sets.train, "train"),
        _scored(sets.synthetic, lineage.holdout, sets.holdout, "null"),
    ]
    table = pd.concat(parts, ignore_index=True)
    table["p_value"] = np.nan
    for _, rows in table.groupby("strategy", dropna=False):
        null, mine = rows[rows["arm"] == "null"], rows[rows["arm"] == "train"]
        if null["patient_number"].nunique() >= _LEAST and len(mine):
            known = PatientNull(null["statistic"].to_numpy(), null["patient_number"].to_numpy())
            table.loc[mine.index, "p_value"] = known.p_values(mine["statistic"].to_numpy()).p
    judged = table["p_value"].notna()
    table["q_value"] = np.nan
    if judged.any():
        table.loc[judged, "q_value"] = q_values(table.loc[judged, "p_value"].to_numpy())
    return table.assign(from_source=table["q_value"] <= fdr)


def derived_findings(
    sets: Sets, table: pd.DataFrame, copied: Bool[np.ndarray, " m"]
) -> DerivedFindings | None:
    """What is concluded of derived images; None where there is none. `copied`: which images copy others."""
    lineage = Lineage.of(sets.synthetic, sets.train, sets.holdout)
    mine = lineage.train >= 0
    if not (mine.any() or (lineage.holdout >= 0).any() or lineage.lost.any()):
        return None
    null = table[table["arm"] == "null"]
    judged = table[table["p_value"].notna()]
    by_strategy: Mapping[str, Estimate] = {
        str(name): _share(rows) for name, rows in judged.groupby("strategy", sort=True)
    }
    return DerivedFindings(
        n=int(mine.sum()),
        n_null=len(null),
        n_null_patients=int(null["patient_number"].nunique()),
        n_lost=int(lineage.lost.sum()),
        from_others=clustered(copied[mine], sets.train.patients[lineage.train[mine]]),
        from_source=_share(judged),
        by_strategy=by_strategy,
    )


def _share(rows: pd.DataFrame) -> Estimate:
    return clustered(rows["from_source"].to_numpy(bool), rows["patient_number"].to_numpy())


def _named(synthetic: ImageSet) -> pd.Series[str]:
    """The id of each image's source, null where it has none."""
    return _column(synthetic, "source_id")


def _regions(synthetic: ImageSet) -> pd.Series[str]:
    return _column(synthetic, "region")


def _column(images: ImageSet, name: str) -> pd.Series[str]:
    empty: pd.Series[str] = pd.Series([None] * len(images), dtype=object)
    return images.table.get(name, empty)


def _positions(named: pd.Series[str], images: ImageSet | None) -> Int64[np.ndarray, " m"]:
    if images is None:
        return np.full(len(named), -1)
    found = pd.Index(images.table["id"]).get_indexer(pd.Index(named))
    return np.where(named.notna(), found, -1).astype(np.int64)


def _changed(
    synthetic: ImageSet, source: Int64[np.ndarray, " m"], images: ImageSet | None
) -> Int64[np.ndarray, " m"]:
    """The sources of those images that differ from theirs; -1 for all others."""
    if images is None:
        return source
    same = [
        position
        for position in np.flatnonzero(source >= 0).tolist()
        if np.array_equal(synthetic[position].pixels, images[int(source[position])].pixels)
    ]
    kept = source.copy()
    kept[same] = -1
    return kept


def _left_out(
    source: Int64[np.ndarray, " m"], images: ImageSet | None, references: References
) -> Exclude | None:
    """The patient of each source and that of each reference; None where there is no source."""
    if images is None or not (source >= 0).any():
        return None
    patients = references.patients(images)
    return np.where(source >= 0, patients[source], -1), patients


def _scored(
    synthetic: ImageSet, source: Int64[np.ndarray, " m"], images: ImageSet | None, arm: str
) -> pd.DataFrame:
    """The correlation of each derived image's new part with that part of its source."""
    mine = np.flatnonzero(source >= 0)
    if images is None:
        mine = mine[:0]
    regions, strategies = _regions(synthetic), _column(synthetic, "strategy")
    scores = np.full(len(mine), np.nan)
    for row, position in enumerate(mine):
        assert images is not None, "there are sources"
        drawn, given = synthetic[int(position)].pixels, images[int(source[position])].pixels
        scores[row] = _correlation(drawn, given, _mask(regions.iloc[position], given.shape[1:]))
    real = None if images is None else images.table.iloc[source[mine]]
    return pd.DataFrame(
        {
            "synthetic_id": synthetic.table["id"].to_numpy()[mine],
            "source_id": _named(synthetic).to_numpy()[mine],
            "patient": [] if real is None else real["patient"].to_numpy(),
            "patient_number": np.zeros(0, np.int64) if images is None else images.patients[source[mine]],
            "strategy": strategies.to_numpy()[mine],
            "arm": arm,
            "score": scores,
            "statistic": fisher_z(scores),
        }
    )


def _mask(text: object, space: tuple[int, ...]) -> Bool[np.ndarray, "*space"]:
    """Where the image is new, at its present size: at least half as much as where it is most."""
    if not isinstance(text, str):
        return np.ones(space, dtype=bool)
    mask = region_from(text)
    if mask.shape == space:
        return mask
    share = resize(mask[None].astype(np.float32), space)[0]
    return np.asarray(share > share.max() / 2)


def _correlation(
    drawn: Shaped[np.ndarray, "c *space"],
    given: Shaped[np.ndarray, "c *space"],
    mask: Bool[np.ndarray, "*space"],
) -> float:
    """Pearson's, of the pixels within the mask; NaN where either side is constant there."""
    x, y = (side[:, mask].astype(np.float64).ravel() for side in (drawn, given))
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size > 0 else float("nan")
