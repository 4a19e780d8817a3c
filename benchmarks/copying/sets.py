"""Real images to plant copies in, split by patient: training images, and images of other patients.

Every set is cut in two by patient: nothing but the part `tune` may be looked at while a method is made, and only
the part `report` is reported on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet, open_images
from doppelscan.imagesets.saving import cached
from doppelscan.seeds import stream
from realimages import DATA

TUNED_SHARE = 0.35
HELD_OUT_SHARE = 0.4
COMPARED_SHARE = 0.4  # of the held-out patients


@dataclass(frozen=True, eq=False)
class Cohort:
    """Training images and held-out ones, (n, c, *space), with a number for each one's patient.

    `compared` are images of held-out patients that methods may compare with, none of whom is in `held`.
    """

    train: np.ndarray
    train_patient: np.ndarray
    held: np.ndarray
    held_patient: np.ndarray
    compared: np.ndarray


def cohort(name: str, part: str, data: Path = DATA) -> Cohort:
    """One part of a set, its patients split into trained on and held out.

    A held-out image with the very pixels of a training image is left out: published sets hold some under two names.
    """
    pixels, patient = part_of(name, part, data)
    train = ~np.isin(patient, _drawn(patient, HELD_OUT_SHARE, "held out"))
    code = pd.factorize(patient)[0]
    trained_on = {image.tobytes() for image in pixels[train]}
    held = ~train & np.array([image.tobytes() not in trained_on for image in pixels])
    compared = held & np.isin(code, _drawn(code[held], COMPARED_SHARE, "compared"))
    held &= ~compared
    return Cohort(pixels[train], code[train], pixels[held], code[held], pixels[compared])


def part_of(name: str, part: str, data: Path = DATA) -> tuple[np.ndarray, np.ndarray]:
    """All images of one part of a set (`tune`, `report`, `all`), (n, c, *space), and who is on each."""
    images = SETS[name](data)
    patient = _patients(images, name)
    mine = np.flatnonzero(np.isin(patient, _part(patient, part)))
    return images.take(mine).read(0, len(mine)), patient[mine]


def fewer(images: Cohort, n: int) -> Cohort:
    """The same with about so many training images: patients are left out whole."""
    patients = _drawn(images.train_patient, 1.0, "fewer").astype(int)
    counts = np.bincount(images.train_patient)[patients]
    kept = np.isin(images.train_patient, patients[np.cumsum(counts) <= n])
    return replace(images, train=images.train[kept], train_patient=images.train_patient[kept])


def _part(patient: np.ndarray, part: str) -> np.ndarray:
    if part == "all":
        return patient
    tuned = _drawn(patient, TUNED_SHARE, "tuning patients")
    return tuned if part == "tune" else np.setdiff1d(patient, tuned)


def _drawn(patient: np.ndarray, share: float, name: str) -> np.ndarray:
    """A share of the patients, always the same ones."""
    order = stream(0, name).permutation(np.array(sorted(set(patient)), dtype=object))
    return order[: int(share * len(order))]


def _patients(images: ImageSet, name: str) -> np.ndarray:
    """Who is on each image; an unknown patient is the image itself, or a run of brain slices."""
    table = images.table
    if name.startswith("brain slices"):  # neighbouring numbers are mostly one patient
        number = table["id"].str.extract(r"(\d+)\.", expand=False).astype(int) // 10
        return (table["label"] + number.astype(str)).to_numpy(object)
    return table["patient"].fillna(table["id"]).to_numpy(object)


def _opened(folder: str, preparation: Preparation, label: str = "") -> Callable[[Path], ImageSet]:
    def opened(data: Path) -> ImageSet:
        images = cached(open_images(data / folder), preparation=preparation)
        return images.take(np.flatnonzero(images.table["label"] == label)) if label else images

    return opened


SETS: dict[str, Callable[[Path], ImageSet]] = {
    "films": _opened("chest_xray", Preparation(size=(128,), channels="grey")),
    "films at 224": _opened("chest_xray", Preparation(size=(224,), channels="grey")),
    "films at 64": _opened("chest_xray", Preparation(size=(64,), channels="grey")),
    "films of MedNIST": _opened("mednist", Preparation(size=(64,), channels="grey"), label="CXR"),
    "small films": _opened("chest_xray_64", Preparation(size=(64,), channels="grey")),
    "brain slices": _opened("brain_tumor_slices", Preparation(size=(128,), channels="grey")),
    "brain slices at 224": _opened("brain_tumor_slices", Preparation(size=(224,), channels="grey")),
    "skin": _opened("skin", Preparation(size=(128,), channels="rgb")),
    "hippocampus": _opened("hippocampus", Preparation(size=(32,), intensity="percentile")),
}
