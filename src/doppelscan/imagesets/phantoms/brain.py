"""Brains of known truth: heads in MR, with a tumour, in several channels, seen at several visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets.phantoms.cohort import Cohort, Patient, assemble, plan
from doppelscan.imagesets.phantoms.contrast import CHANNELS
from doppelscan.imagesets.phantoms.subjects import Acquisition, Subject, draw_subject, visit
from doppelscan.seeds import stream

__all__ = ["brain"]


def brain(  # noqa: PLR0913 - settings of one call, by keyword
    n_patients: int,
    *,
    visits: int | Sequence[int] = 1,
    size: int | tuple[int, ...] = 64,
    axes: Literal[2, 3] = 3,
    seed: int = 0,
    first_patient: int = 0,
    channels: Sequence[str] = CHANNELS,
    slices: int = 1,
    tumours: float = 1.0,
    workers: int = 1,
) -> Cohort:
    """Heads of `n_patients` patients, from patient number `first_patient` on.

    A patient's images depend on `seed` and the patient's number alone, not on how many others there are,
    nor on the number of visits or workers.

    Parameters
    ----------
    visits
        Visits of each patient, one number or one a patient: the same anatomy in another pose, the tumour
        grown or shrunk, another gain, shading and noise.
    size
        Pixels along each axis, over a field of 240 mm: volumes (x, y, z) towards right, anterior,
        superior; axial slices (rows, columns), anterior up, the patient's right on the left.
    axes
        3 for volumes, 2 for axial slices.
    channels
        Any of `t1`, `t2`, `flair`, `t1ce` and `seg`, which holds labels: 1 core, 2 oedema, 3 rim.
    slices
        Slices a visit, an image each, 6 mm apart around the patient's own level. For 2 axes only.
    tumours
        Share of patients with a tumour; the label is `HGG`, `LGG` (high or low grade) or `HEALTHY`.

    Raises
    ------
    InputError
        If an argument is none of these; it names every one.
    """
    lengths = (size,) * axes if isinstance(size, int) else tuple(size)
    acquisition = Acquisition(lengths, tuple(channels), slices)
    jobs, problems = plan(n_patients, first_patient, visits, "visits")
    problems += _problems(acquisition, axes, tumours)
    if problems:
        raise InputError(problems)
    return assemble(
        partial(_patient, _Request(acquisition, seed, tumours)), jobs, acquisition.channels, workers
    )


@dataclass(frozen=True)
class _Request:
    acquisition: Acquisition
    seed: int
    tumours: float


def _problems(acquisition: Acquisition, axes: int, tumours: float) -> list[Problem]:
    size, slices, known = acquisition.size, acquisition.slices, ", ".join(CHANNELS)
    unknown = [name for name in acquisition.channels if name not in CHANNELS]
    checks = [
        (axes in {2, 3}, Problem(f"{axes} axes", "axes", "give 2 or 3")),
        (len(size) == axes, Problem(f"{size} is not for {axes} axes", "size", "give a length for each axis")),
        (min(size, default=8) >= 8, Problem(f"{size} is too small", "size", "give at least 8 pixels")),
        (not unknown, Problem(f"{', '.join(unknown)} is unknown", "channels", f"choose from {known}")),
        (bool(acquisition.channels), Problem("there are none", "channels", f"choose from {known}")),
        (slices >= 1, Problem(f"{slices} slices", "slices", "give at least 1")),
        (slices <= 1 or axes == 2, Problem("a volume has no slices", "slices", "give axes=2")),
        (0 <= tumours <= 1, Problem(f"{tumours} is no share", "tumours", "give 0 to 1")),
    ]
    return [problem for fine, problem in checks if not fine]


def _patient(request: _Request, job: tuple[int, int]) -> Patient:
    """All images of one patient, and their rows."""
    number, n_visits = job
    subject = draw_subject(stream(request.seed, "brain", number), request.tumours)
    images, rows = [], []
    for k in range(n_visits):
        seen = visit(subject, request.acquisition, stream(request.seed, "brain", number, "visit", k))
        images += seen
        rows += [_row(subject, number, k, piece, len(seen)) for piece in range(len(seen))]
    return np.stack(images), rows


def _row(subject: Subject, number: int, k: int, piece: int, n_pieces: int) -> dict[str, object]:
    patient = f"brain-{number:04d}"
    study = f"{patient}-v{k + 1}"
    return {
        "id": study if n_pieces == 1 else f"{study}-s{piece + 1}",
        "patient": patient,
        "study": study,
        "label": subject.tumour.grade if subject.tumour else "HEALTHY",
        "sex": subject.head.sex,
        "age": subject.head.age,
    }
