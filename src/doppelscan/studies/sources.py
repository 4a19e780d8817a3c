"""Which images does a source hold? Real ones prepared, or phantoms made, split by patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from doppelscan.errors import InputError, Problem
from doppelscan.images.preparation import Preparation
from doppelscan.imagesets import ImageSet, open_images, save
from doppelscan.imagesets.phantoms import brain, chest, skin
from doppelscan.seeds import stream
from doppelscan.settings import Resources
from doppelscan.store import fingerprint
from doppelscan.studies.recipe import Source
from doppelscan.workers import Progress, silent

__all__ = ["Patients", "kept", "opened"]

_REPEATED = 0.1  # of the patients, where a cell repeats some


@dataclass(frozen=True, eq=False)
class Patients:
    """The images of one source in two parts that share no patient.

    Attributes
    ----------
    pool
        Those that training sets are drawn from.
    held_out
        Those that no generator sees.
    """

    pool: ImageSet
    held_out: ImageSet

    def these(self, n: int, seed: int) -> ImageSet:
        """At least `n` images of the pool, all those of patients drawn by `seed`; fewer are always among more.

        Raises
        ------
        InputError
            If there are fewer.
        """
        return self._until(n, seed, 0)[0]

    def others(self, n: int, seed: int) -> ImageSet:
        """At least as many images of patients that are not among `these`.

        Raises
        ------
        InputError
            If there are fewer.
        """
        return self._until(n, seed, self._until(n, seed, 0)[1])[0]

    def _until(self, n: int, seed: int, first: int) -> tuple[ImageSet, int]:
        """The images of patients from the `first` drawn on until there are `n`, and the place of the next patient."""
        patients = self.pool.patients
        order = stream(seed, "study patients").permutation(int(patients.max()) + 1)[first:]
        counts = np.cumsum(np.bincount(patients)[order])
        if counts.size == 0 or counts[-1] < n:
            there = int(counts[-1]) if counts.size else 0
            what = f"{n} images are asked for, and {there} are there"
            raise InputError(Problem(what, where=self.pool.name, cure="hold out fewer, or ask for fewer"))
        last = int(np.searchsorted(counts, n)) + 1
        return self._of(order[:last]), first + last

    def _of(self, chosen: Int64[np.ndarray, " p"]) -> ImageSet:
        return self.pool.take(np.flatnonzero(np.isin(self.pool.patients, chosen)))


def repeated(images: ImageSet, times: int, seed: int) -> ImageSet:
    """The set with all images of a tenth of its patients, at least one, that many times."""
    n_patients = int(images.patients.max()) + 1
    chosen = stream(seed, "study repeats").permutation(n_patients)[: max(1, round(_REPEATED * n_patients))]
    again = np.flatnonzero(np.isin(images.patients, chosen))
    return images.take(np.concatenate([np.arange(len(images)), np.tile(again, times - 1)]).astype(np.int64))


def kept(
    source: Source, data: Path, folder: Path, *, resources: Resources, progress: Progress = silent
) -> Path:
    """Where the source's images lie, prepared; made unless they are there.

    Raises
    ------
    InputError
        If they cannot be opened or prepared.
    """
    place = folder / fingerprint(asdict(source) | {"data": str(data.absolute())})[:12]
    images, preparation = _images(source, data, resources, progress)
    save(images, place, preparation=preparation, resources=resources, progress=progress)
    return place


def opened(source: Source, place: Path) -> Patients:
    """What `kept` wrote, split; the patients held out are the same for every cell and seed.

    Raises
    ------
    InputError
        If there are too few patients.
    """
    images = open_images(place)
    patients = images.patients
    n_patients = int(patients.max()) + 1
    if source.held_out >= n_patients:
        what = f"{source.held_out} patients cannot be held out of {n_patients}"
        raise InputError(Problem(what, where=images.name))
    out = np.isin(patients, stream(0, "study held out").permutation(n_patients)[: source.held_out])
    return Patients(images.take(np.flatnonzero(~out)), images.take(np.flatnonzero(out)))


def _images(
    source: Source, data: Path, resources: Resources, progress: Progress
) -> tuple[ImageSet, Preparation]:
    preparation = Preparation.from_json(source.preparation)
    if source.images is None:
        return _phantoms(source), preparation
    where = str(data / source.images)
    found = open_images(where, patient_pattern=source.patient_pattern, resources=resources, progress=progress)
    if source.labelled:
        found = found.take(np.flatnonzero(found.table["label"].notna()))
    return found, preparation


def _phantoms(source: Source) -> ImageSet:
    makers: Mapping[str, Any] = {
        "chest": lambda: chest(source.patients, films=source.each, size=source.size),
        "brain": lambda: brain(source.patients, slices=source.each, size=source.size, axes=2),
        "volumes": lambda: brain(source.patients, visits=source.each, size=source.size, axes=3),
        "skin": lambda: skin(source.patients, photos=source.each, size=source.size),
    }
    made = makers[str(source.phantoms)]()
    return ImageSet.from_arrays(made.pixels, made.table, name=f"phantoms ({source.phantoms})")
