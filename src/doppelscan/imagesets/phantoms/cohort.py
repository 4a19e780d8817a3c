"""What a cohort of phantoms is, and how its patients are made one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from doppelscan.errors import Problem
from doppelscan.workers import map_ordered

__all__ = ["Cohort", "Patient", "assemble", "plan"]

Patient = tuple[UInt8[np.ndarray, "n c *space"], list[dict[str, object]]]


@dataclass(frozen=True)
class Cohort:
    """Images of invented patients.

    `table` has a row for each image of `pixels`, in order: `id, patient, study, label, sex, age`.
    """

    pixels: UInt8[np.ndarray, "n c *space"]
    table: pd.DataFrame
    channels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pixels)


def plan(
    n_patients: int, first_patient: int, each: int | Sequence[int], name: str
) -> tuple[list[tuple[int, int]], list[Problem]]:
    """The jobs (patient, how many of `name` it has) of a cohort, and what is wrong with what was asked for.

    `each` is one number for all, or one a patient.
    """
    numbers = [each] * n_patients if isinstance(each, int) else list(each)
    checks = [
        (n_patients >= 1, Problem(f"{n_patients} patients", "n_patients", "give at least 1")),
        (first_patient >= 0, Problem(f"{first_patient} is negative", "first_patient", "count from 0")),
        (
            len(numbers) == max(n_patients, 0),
            Problem(f"{len(numbers)} numbers for {n_patients} patients", name),
        ),
        (all(number >= 1 for number in numbers), Problem("a patient has none", name, "give at least 1")),
    ]
    problems = [problem for fine, problem in checks if not fine]
    return list(zip(range(first_patient, first_patient + n_patients), numbers, strict=False)), problems


def assemble(
    make: Callable[[tuple[int, int]], Patient],
    jobs: Sequence[tuple[int, int]],
    channels: tuple[str, ...],
    workers: int,
) -> Cohort:
    """The cohort whose patients `make` gives one by one, pixels and rows, from their jobs."""
    group = max(1, len(jobs) // (8 * max(1, workers)))
    patients = list(map_ordered(make, jobs, workers=workers, group=group))
    rows = [row for _, rows in patients for row in rows]
    return Cohort(np.concatenate([pixels for pixels, _ in patients]), pd.DataFrame(rows), channels)
