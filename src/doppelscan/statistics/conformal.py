"""How surprising a statistic is, had its image been one that the generator never saw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Integer

from doppelscan.seeds import stream
from doppelscan.statistics.tails import fit_tail

__all__ = ["PValues", "PatientNull"]


@dataclass(frozen=True, eq=False)
class PValues:
    """A p-value for each statistic, and whether the law of the tail gave it, not a rank in the null."""

    p: Float[np.ndarray, " m"]
    tail: Bool[np.ndarray, " m"]


@dataclass(frozen=True, eq=False)
class PatientNull:
    """The statistics of images that the generator never saw, grouped by patient.

    `patient` holds any numbers, equal for images of one patient. A statistic of NaN, of an image that can be
    compared with nothing, counts as minus infinity, here and where it is asked about (there p = 1).
    """

    statistic: Float[np.ndarray, " n"]
    patient: Integer[np.ndarray, " n"]

    @property
    def n_patients(self) -> int:
        """How many patients the null is made of."""
        return int(self._ranked[1].max(initial=-1)) + 1

    @property
    def floor(self) -> float:
        """The smallest p-value that ranks in the null can give."""
        return 1 / (1 + self.n_patients)

    def p_values(self, x: Float[np.ndarray, " m"]) -> PValues:
        """How likely an unseen image of a new patient is to reach each of `x`.

        p = (1 + sum over patients of the share of their images with a statistic >= x) / (1 + patients),
        the conformal p-value (Vovk, Gammerman, Shafer 2005) by patient. Beyond the largest statistic of the
        null that is the floor; there `fit_tail` gives p, where it is smaller. p is never 0.
        """
        return self._p_values(x, np.ones(self.n_patients))

    def p_values_resampled(
        self, x: Float[np.ndarray, " m"], n_draws: int, seed: int
    ) -> Float[np.ndarray, "{n_draws} m"]:
        """The p-values under each of `n_draws` bootstrap draws, of as many patients as the null has."""
        n, p = self.n_patients, np.empty((n_draws, x.size))
        generator = stream(seed, "patients of the null")
        for row in p:
            drawn = generator.integers(max(n, 1), size=n)
            row[:] = self._p_values(x, np.bincount(drawn, minlength=n).astype(np.float64)).p
        return p

    @cached_property
    def _ranked(self) -> tuple[Float[np.ndarray, " n"], Integer[np.ndarray, " n"]]:
        """Statistics in rising order, and the patient of each, numbered from 0."""
        statistic = _comparable(self.statistic)
        order = np.argsort(statistic, kind="stable")
        return statistic[order], np.unique(self.patient, return_inverse=True)[1][order]

    def _p_values(self, x: Float[np.ndarray, " m"], count: Float[np.ndarray, " patients"]) -> PValues:
        """The p-values where each patient counts `count` times."""
        statistic, patient = self._ranked
        x, n = _comparable(x), count.sum()
        weight = (count / np.bincount(patient, minlength=count.size))[patient]
        at_least = np.append(np.cumsum(weight[::-1])[::-1], 0.0)
        p = np.minimum((1 + at_least[np.searchsorted(statistic, x, side="left")]) / (1 + n), 1.0)
        beyond = x > statistic[weight > 0].max(initial=-np.inf)
        tail = fit_tail(statistic, patient, count) if beyond.any() else None
        if tail is None:
            return PValues(p, np.zeros(x.size, bool))
        by_tail = np.where(beyond, tail.beyond(x), np.inf)
        return PValues(np.maximum(np.minimum(p, by_tail), np.finfo(float).tiny), by_tail < p)


def _comparable(statistic: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return np.where(np.isnan(statistic), -np.inf, statistic)
