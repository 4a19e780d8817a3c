"""Chests of known truth: frontal films, normal or with pneumonia, several of a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from doppelscan.errors import InputError, Problem
from doppelscan.imagesets.phantoms.bones import bones
from doppelscan.imagesets.phantoms.cohort import Cohort, Patient, assemble, plan
from doppelscan.imagesets.phantoms.films import Film, draw_film, draw_habit
from doppelscan.imagesets.phantoms.organs import abdomen, diaphragm, flesh, heart, lungs, ribcage, vessels
from doppelscan.imagesets.phantoms.pneumonia import Pneumonia, draw_pneumonia
from doppelscan.imagesets.phantoms.shapes import Field, Grey, Points2
from doppelscan.imagesets.phantoms.thorax import Thorax, draw_thorax
from doppelscan.seeds import stream

__all__ = ["chest"]


def chest(
    n_patients: int,
    *,
    films: int | Sequence[int] = 1,
    size: int = 128,
    seed: int = 0,
    first_patient: int = 0,
    pneumonia: float = 0.5,
    workers: int = 1,
) -> Cohort:
    """Frontal films (1, rows, columns) of `n_patients` patients, from patient number `first_patient` on.

    A patient's films depend on `seed` and the patient's number alone, not on how many others there are,
    nor on the number of films or workers.

    Parameters
    ----------
    films
        Films of each patient, one number or one a patient: the same anatomy in another stand, breath
        and exposure, and the same disease to another extent.
    size
        Rows and columns.
    pneumonia
        Share of patients with pneumonia; the label is `NORMAL` or `PNEUMONIA`.

    Raises
    ------
    InputError
        If an argument is none of these; it names every one.
    """
    jobs, problems = plan(n_patients, first_patient, films, "films")
    if size < 8:
        problems.append(Problem(f"{size} is too small", "size", "give at least 8 pixels"))
    if not 0 <= pneumonia <= 1:
        problems.append(Problem(f"{pneumonia} is no share", "pneumonia", "give 0 to 1"))
    if problems:
        raise InputError(problems)
    return assemble(partial(_patient, _Request(size, seed, pneumonia)), jobs, ("xray",), workers)


@dataclass(frozen=True)
class _Request:
    size: int
    seed: int
    pneumonia: float


def _patient(request: _Request, job: tuple[int, int]) -> Patient:
    """All films of one patient, and their rows."""
    number, n_films = job
    rng = stream(request.seed, "chest", number)
    thorax, habit = draw_thorax(rng), draw_habit(rng)
    disease = draw_pneumonia(rng) if rng.uniform() < request.pneumonia else None
    streams = [stream(request.seed, "chest", number, "film", k) for k in range(n_films)]
    films = [_film(request.size, thorax, disease, draw_film(rng, habit), rng) for rng in streams]
    rows = [_row(thorax, disease, number, k) for k in range(n_films)]
    return np.stack(films)[:, None], rows


def _row(thorax: Thorax, disease: Pneumonia | None, number: int, k: int) -> dict[str, object]:
    patient = f"chest-{number:04d}"
    return {
        "id": f"{patient}-f{k + 1}",
        "patient": patient,
        "study": f"{patient}-f{k + 1}",
        "label": "PNEUMONIA" if disease else "NORMAL",
        "sex": thorax.sex,
        "age": thorax.age,
    }


def _film(size: int, thorax: Thorax, disease: Pneumonia | None, film: Film, rng: np.random.Generator) -> Grey:
    extent = float(np.exp(rng.normal(0, 0.15)))
    own = thorax.own(film.points(size))
    clear = 1 - disease.filled(own, extent) if disease else np.ones_like(own[0])
    return film.expose(_attenuation(thorax, own, film, clear), rng)


def _attenuation(thorax: Thorax, own: Points2, film: Film, clear: Field) -> Field:
    """How much each ray loses on its way: every part adds its own, `clear` air in the lungs takes away."""
    edge = 2 * film.zoom / own.shape[1]
    cage, beating, body = ribcage(own), heart(thorax, own, film), flesh(thorax, own)
    air = lungs(own, cage, diaphragm(thorax, own, film), film.twist) * (1 - 0.75 * beating)
    strands = 0.025 * thorax.texture.at(own) + 0.16 * vessels(thorax, film, own.shape[1])
    belly = abdomen(thorax, own, film) * (body > 0)
    hard = bones(thorax, own, cage, edge, film.twist)
    absorbed = body + hard + 0.32 * beating + 0.28 * belly + air * (strands - 0.8 * clear)
    return np.asarray(np.maximum(absorbed, 0))
