"""What do the tables of public skin sets say? Fitzpatrick17k and DDI, for those who have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets.imageset import ImageSet
from doppelscan.imagesets.listing import Listing
from doppelscan.imagesets.scanning import scan
from doppelscan.imagesets.tables import read_user_table
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.workers import Progress, silent

__all__ = ["open_ddi", "open_fitzpatrick17k", "parted"]

N_CONDITIONS = 9
_TONES = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V", "6": "VI"}
_PAIRS = {"12": "I-II", "34": "III-IV", "56": "V-VI"}
_PICTURES = {".jpg", ".jpeg", ".png"}


def open_fitzpatrick17k(
    folder: Path, *, conditions: Sequence[str] | None = None, progress: Progress = silent
) -> ImageSet:
    """The images that `fitzpatrick17k.csv` in `folder` names by their MD5, wherever they lie below it.

    `label` is the condition, `skin_tone` I to VI, null where it was not told. No patient is named.

    Parameters
    ----------
    conditions
        The labels to keep. None: the nine of which there are most images.

    Raises
    ------
    InputError
        If the table or one of its columns is absent, it knows no such condition, or no image is there.
    """
    table = _table(folder, "fitzpatrick17k.csv", ("md5hash", "label"))
    tone = next((name for name in ("fitzpatrick_scale", "fitzpatrick") if name in table), None)
    if tone is None:
        raise InputError(Problem("has no column fitzpatrick_scale", where=str(folder / "fitzpatrick17k.csv")))
    told = pd.DataFrame({"label": table["label"], "skin_tone": table[tone].map(_TONES)})
    images = _listed(folder, table["md5hash"], told, progress)
    counts = images.table["label"].value_counts()
    kept = list(counts.index[:N_CONDITIONS]) if conditions is None else list(conditions)
    if unknown := [name for name in kept if name not in counts]:
        raise InputError(Problem(f"has no image of {', '.join(unknown)}", where=str(folder)))
    return images.take(np.flatnonzero(images.table["label"].isin(kept)))


def open_ddi(folder: Path, *, progress: Progress = silent) -> ImageSet:
    """The images that `ddi_metadata.csv` in `folder` names, wherever they lie below it.

    `label` is `malignant` or `benign`, `skin_tone` `I-II`, `III-IV` or `V-VI`, `disease` as the table says. No patient
    is named.

    Raises
    ------
    InputError
        If the table or one of its columns is absent, or no image is there.
    """
    table = _table(folder, "ddi_metadata.csv", ("DDI_file", "skin_tone", "malignant", "disease"))
    malignant = table["malignant"].str.lower().isin(["true", "1"])
    told = pd.DataFrame(
        {
            "label": malignant.map({True: "malignant", False: "benign"}),
            "skin_tone": table["skin_tone"].map(_PAIRS),
            "disease": table["disease"],
        }
    )
    return _listed(folder, table["DDI_file"].map(lambda name: Path(name).stem), told, progress)


def parted(images: ImageSet, *, per_class: int = 40, seed: int = 0) -> Mapping[str, ImageSet]:
    """`validation` and `test` with so many images of each class, and the rest as `train`; patients are kept whole.

    Raises
    ------
    InputError
        If a class has no image left to train on.
    """
    labels, patients = images.table["label"].to_numpy(), images.patients
    place = stream(seed, "skin parts").permutation(int(patients.max()) + 1)[patients]
    part = np.full(len(images), "train", dtype=object)
    for label in dict.fromkeys(labels):
        for name in ("test", "validation"):
            free = np.flatnonzero((labels == label) & (part == "train"))
            chosen = patients[free[np.argsort(place[free], kind="stable")][:per_class]]
            part[np.isin(patients, chosen) & (part == "train")] = name
    left = set(labels[part == "train"])
    if gone := sorted(set(labels) - left):
        what = f"no image of {', '.join(map(str, gone))} is left to train on"
        raise InputError(Problem(what, where=images.name, cure="give a smaller per_class"))
    return {name: images.take(np.flatnonzero(part == name)) for name in ("train", "validation", "test")}


def _table(folder: Path, name: str, columns: Sequence[str]) -> pd.DataFrame:
    if not (folder / name).is_file():
        raise InputError(Problem(f"holds no {name}", where=str(folder), cure="put the set's table there"))
    table = read_user_table(folder / name)
    if missing := [column for column in columns if column not in table]:
        raise InputError(Problem(f"has no column {', '.join(missing)}", where=str(folder / name)))
    return table


def _listed(folder: Path, stems: pd.Series, told: pd.DataFrame, progress: Progress) -> ImageSet:
    """The images of these names that are below the folder; those that are not are listed as unreadable."""
    there = {
        p.stem: p.relative_to(folder).as_posix()
        for p in sorted(folder.rglob("*"))
        if p.suffix.lower() in _PICTURES
    }
    files = [there.get(stem) for stem in stems]
    absent = tuple(
        (str(s), "named in the table but not there") for s, f in zip(stems, files, strict=True) if f is None
    )
    named = (
        told.assign(file=np.array(files, dtype=object))
        .dropna(subset=["file"])
        .drop_duplicates("file")
        .set_index("file")
    )
    named = named.astype(object).where(named.notna(), None)
    if named.empty:
        raise InputError(Problem("holds none of the images that its table names", where=str(folder)))
    listing = Listing(folder, tuple(named.index), named, absent)
    return scan(
        listing, name=str(folder), part=None, patient_pattern=None, resources=Resources(), progress=progress
    )
