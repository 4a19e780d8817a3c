"""Which real images is a classifier granted? So many of each class, patient by patient; more always hold fewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from doppelscan.imagesets import ImageSet
from doppelscan.seeds import stream
from doppelscan.utility.settings import ALL

__all__ = ["N_FOLDS", "Granted", "folds_of", "granted", "labels_of"]

N_FOLDS = 4


@dataclass(frozen=True, eq=False)
class Granted:
    """Real images that a classifier may learn from.

    Attributes
    ----------
    rows
        Where they are in the set of real images, in ascending order.
    labels
        The class of each, a number.
    folds
        Which part of a cross-validation each belongs to, the same for all images of a patient; -1 everywhere where
        there are too few patients of some class to spare one.
    """

    rows: Int64[np.ndarray, " n"]
    labels: Int64[np.ndarray, " n"]
    folds: Int64[np.ndarray, " n"]

    def per_class(self, n_classes: int) -> Int64[np.ndarray, " k"]:
        """How many there are of each class."""
        return np.bincount(self.labels, minlength=n_classes).astype(np.int64)


def granted(real: ImageSet, classes: Sequence[str], per_class: int, seed: int) -> Granted:
    """`per_class` images of each class (`ALL`: every one), of patients in an order drawn by `seed`.

    Under one seed, what is granted of few images per class is among what is granted of many.
    """
    patients, labels = real.patients, labels_of(real, classes)
    order = stream(seed, "utility granted").permutation(int(patients.max()) + 1)
    place = np.argsort(order)[patients]  # of each image's patient in that order
    in_turn = np.lexsort((np.arange(len(real)), place))
    limit = len(real) if per_class == ALL else per_class
    rows = np.sort(np.concatenate([in_turn[labels[in_turn] == k][:limit] for k in range(len(classes))]))
    return Granted(rows, labels[rows], folds_of(place[rows], labels[rows], len(classes)))


def labels_of(images: ImageSet, classes: Sequence[str]) -> Int64[np.ndarray, " n"]:
    """The number of each image's class; -1 for one that is not among them."""
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers.get(label, -1) for label in images.table["label"]], dtype=np.int64)


def folds_of(
    patients: Int64[np.ndarray, " n"], labels: Int64[np.ndarray, " n"], n_classes: int
) -> Int64[np.ndarray, " n"]:
    """A part for each patient, dealt in turn within the class of the patient's first image."""
    names, first = np.unique(patients, return_index=True)
    part = np.full(int(patients.max()) + 1, -1, dtype=np.int64)
    for k in range(n_classes):
        mine = names[labels[first] == k]
        if len(mine) < N_FOLDS:
            return np.full(len(patients), -1, dtype=np.int64)
        part[mine] = np.arange(len(mine)) % N_FOLDS
    return np.asarray(part[patients])
