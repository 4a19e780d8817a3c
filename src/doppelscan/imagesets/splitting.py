"""A set in two parts that share no patient."""

from __future__ import annotations

import numpy as np

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets.imageset import ImageSet
from doppelscan.seeds import stream

__all__ = ["split"]


def split(images: ImageSet, share: float, *, seed: int = 0) -> tuple[ImageSet, ImageSet]:
    """The set without, and with only, about `share` of its patients, drawn by `seed`.

    All images of a patient go to one side; an image of unknown patient is a patient of its own.

    Raises
    ------
    InputError
        If `share` is not between 0 and 1, or leaves a side without a patient.
    """
    patients = images.patients
    n_patients = int(patients.max(initial=-1)) + 1
    n_out = round(share * n_patients)
    if not 0 < share < 1 or not 0 < n_out < n_patients:
        raise InputError(
            Problem(f"{share:g} of {n_patients} patients cannot be split off", where=images.name)
        )
    out = np.isin(patients, stream(seed, "split").permutation(n_patients)[:n_out])
    return images.take(np.flatnonzero(~out)), images.take(np.flatnonzero(out))
