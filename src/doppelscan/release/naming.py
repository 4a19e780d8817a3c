"""What are released images called, and what is said of each? By their seed, or a number; the columns that are safe."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets import ImageSet
from doppelscan.release.settings import Form

__all__ = ["column_types", "label_codes", "names", "table"]

TYPES = {"i": "sc:Integer", "f": "sc:Float", "b": "sc:Boolean"}


def names(images: ImageSet) -> list[str]:
    """`seed-00000007` where every image has a seed of its own, else `number-000001` in the order of the set."""
    if (seeds := _seeds(images)) is not None:
        return [f"seed-{seed:08d}" for seed in seeds]
    return [f"number-{number:06d}" for number in range(1, len(images) + 1)]


def label_codes(images: ImageSet) -> tuple[list[str], list[int]]:
    """The labels in order, and the number of each image's among them; -1 where it has none."""
    known = images.table["label"]
    labels = sorted(known.dropna().astype(str).unique())
    code = {label: number for number, label in enumerate(labels)}
    return labels, [code.get(label, -1) for label in known]


def table(images: ImageSet, files: Sequence[str], form: Form, groups: Sequence[str]) -> pd.DataFrame:
    """The rows of `images.csv`.

    Raises
    ------
    InputError
        If there is no column of one of the names in `groups`.
    """
    if absent := [name for name in groups if name not in images.table]:
        known = ", ".join(images.table.columns[5:]) or "none"
        raise InputError(
            [Problem(f"there is no column {name!r}", where="--group", cure=f"of {known}") for name in absent]
        )
    rows = pd.DataFrame({"index": range(len(files))} if form == "npz" else {"file": list(files)})
    if images.table["label"].notna().any():
        rows["label"] = images.table["label"].to_numpy()
    if (seeds := _seeds(images)) is not None:
        rows["seed"] = seeds
    for name in groups:
        rows[name] = images.table[name].to_numpy()
    return rows


def column_types(rows: pd.DataFrame) -> dict[str, str]:
    """The type of each column, as schema.org calls it."""
    return {str(name): TYPES.get(rows[name].dtype.kind, "sc:Text") for name in rows}


def _seeds(images: ImageSet) -> list[int] | None:
    """The images' seeds, if each has one of its own and all are whole numbers that fit a name."""
    if "seed" not in images.table:
        return None
    seeds = pd.to_numeric(images.table["seed"], errors="coerce")
    if seeds.isna().any() or seeds.duplicated().any() or (seeds % 1 != 0).any():
        return None
    return [int(seed) for seed in seeds] if ((seeds >= 0) & (seeds < 2**53)).all() else None
