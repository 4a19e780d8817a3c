"""Skin of known truth: photographs of lesions of several classes, on every tone, several of a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import UInt8

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets.phantoms.cohort import Cohort, Patient, assemble, plan
from doppelscan.imagesets.phantoms.skin_lesions import CLASSES, Lesion, draw_lesion, separation
from doppelscan.imagesets.phantoms.skin_photos import Photo, draw_photo
from doppelscan.imagesets.phantoms.skin_tones import TONES, Skin, draw_skin, reflected
from doppelscan.seeds import stream

__all__ = ["CLASSES", "TONES", "separation", "skin"]

_SCALE = np.array([0.93, 0.9, 0.84], np.float32)  # the colour of flakes
_HAIR = np.array([0.13, 0.1, 0.09], np.float32)


def skin(  # noqa: PLR0913 - settings of one call, by keyword
    n_patients: int,
    *,
    photos: int | Sequence[int] = 1,
    size: int = 64,
    seed: int = 0,
    first_patient: int = 0,
    classes: Sequence[str] = tuple(CLASSES),
    tones: Sequence[str] = tuple(TONES),
    signal: float = 1.0,
    workers: int = 1,
) -> Cohort:
    """Photographs (3, rows, columns: red, green, blue) of one lesion of each of `n_patients` patients.

    A patient's photographs depend on `seed`, the patient's number, `classes`, `tones` and `signal` alone,
    not on how many others there are, nor on the number of photographs or workers.

    Parameters
    ----------
    photos
        Photographs of each patient, one number or one a patient: the same lesion in another framing,
        light and noise.
    size
        Rows and columns.
    classes
        The labels, any of `CLASSES`. Patients have them in turn, so that any run of as many patients has
        each once; a class named twice is twice as frequent.
    tones
        The skin tones on Fitzpatrick's scale, any of `TONES`, in turn too, each for a round of classes.
        They are in the column `skin_tone`.
    signal
        How much a lesion's class says about its looks: 1 as `separation()` tells, 0 nothing at all.

    Raises
    ------
    InputError
        If an argument is none of these; it names every one.
    """
    jobs, problems = plan(n_patients, first_patient, photos, "photos")
    problems += _problems(size, classes, tones, signal)
    if problems:
        raise InputError(problems)
    request = _Request(size, seed, tuple(classes), tuple(tones), signal)
    return assemble(partial(_patient, request), jobs, ("red", "green", "blue"), workers)


@dataclass(frozen=True)
class _Request:
    size: int
    seed: int
    classes: tuple[str, ...]
    tones: tuple[str, ...]
    signal: float

    def label(self, number: int) -> str:
        return self.classes[number % len(self.classes)]

    def tone(self, number: int) -> str:
        return self.tones[number // len(self.classes) % len(self.tones)]


def _problems(size: int, classes: Sequence[str], tones: Sequence[str], signal: float) -> list[Problem]:
    checks = [
        (size >= 8, Problem(f"{size} is too small", "size", "give at least 8 pixels")),
        (0 <= signal <= 10, Problem(f"{signal} is out of range", "signal", "give 0 to 10")),
        *_known(classes, tuple(CLASSES), "classes"),
        *_known(tones, tuple(TONES), "tones"),
    ]
    return [problem for fine, problem in checks if not fine]


def _known(names: Sequence[str], known: Sequence[str], where: str) -> list[tuple[bool, Problem]]:
    unknown, cure = [name for name in names if name not in known], f"choose from {', '.join(known)}"
    return [
        (len(names) > 0, Problem("there are none", where, cure)),
        (not unknown, Problem(f"{', '.join(unknown)} is unknown", where, cure)),
    ]


def _patient(request: _Request, job: tuple[int, int]) -> Patient:
    """All photographs of one patient, and their rows."""
    number, n_photos = job
    label, tone = request.label(number), request.tone(number)
    rng = stream(request.seed, "skin", number)
    row = {"label": label, "sex": str(rng.choice(["F", "M"])), "age": int(rng.integers(18, 90))}
    lesion, around = draw_lesion(rng, label, request.classes, request.signal), draw_skin(rng, tone)
    streams = [stream(request.seed, "skin", number, "photo", k) for k in range(n_photos)]
    taken = [_photo(request.size, lesion, around, draw_photo(rng), rng) for rng in streams]
    rows = [_name(number, k) | row | {"skin_tone": tone} for k in range(n_photos)]
    return np.stack(taken), rows


def _name(number: int, k: int) -> dict[str, object]:
    patient = f"skin-{number:04d}"
    return {"id": f"{patient}-p{k + 1}", "patient": patient, "study": f"{patient}-p{k + 1}"}


def _photo(
    size: int, lesion: Lesion, around: Skin, photo: Photo, rng: np.random.Generator
) -> UInt8[np.ndarray, "3 size size"]:
    points, edge = photo.points(size), 2 * photo.zoom / size
    inside = lesion.inside(points, edge)
    melanin, blood = around.absorption(points)
    more_melanin, more_blood = lesion.absorption(points, inside)
    colours = reflected(melanin + more_melanin, blood + more_blood)
    for colour, share in ((_SCALE, lesion.flaking(points, inside)), (_HAIR, around.hair(points, edge))):
        colours += share * (colour[:, None, None] - colours)
    return photo.expose(colours, rng)
