"""How far readers agree beyond chance: kappa, of two readers or of many, with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Integer
from scipy import special

from doppelscan.estimates import Estimate
from doppelscan.statistics.intervals import clustered

__all__ = ["cohen_kappa", "fleiss_kappa"]

_ONE_CATEGORY = 1 - 1e-12  # agreement by chance from which there is but one

Chance = Callable[[Float[np.ndarray, "... q"]], Float[np.ndarray, "..."]]


def cohen_kappa(
    first: Integer[np.ndarray, " n"],
    second: Integer[np.ndarray, " n"],
    patient: Integer[np.ndarray, " n"],
    level: float = 0.95,
) -> Estimate:
    """Cohen's kappa of two readers' categories: (agreement - chance) / (1 - chance) (Cohen 1960).

    The interval is that of the jackknife over patients (Student's t), and at least as long as the one that
    the agreement's own interval gives while chance is held fixed: that has width where readers agree in
    everything. NaN, and the interval of all that is possible, where every image has one category.
    """
    categories, code = np.unique(np.concatenate([first, second]), return_inverse=True)
    one_hot = np.eye(len(categories))[code]
    both = one_hot[: first.size], one_hot[first.size :]
    return _kappa((both[0] * both[1]).sum(axis=1), np.hstack(both), _of_two, patient, level)


def fleiss_kappa(
    ratings: Integer[np.ndarray, "n k"], patient: Integer[np.ndarray, " n"], level: float = 0.95
) -> Estimate:
    """Fleiss' kappa of many readers (Fleiss 1971): `ratings` counts, for each image, who chose which category.

    Images may have different numbers of readers, and count by these; those with fewer than two say nothing.
    The interval is as for `cohen_kappa`, and so is what comes back where every image has one category.
    """
    compared = ratings.sum(axis=1) > 1
    counts, n_readers = ratings[compared].astype(np.float64), ratings[compared].sum(axis=1)
    each = n_readers[:, None]
    agreeing = (counts * (counts - 1) / (each * (each - 1))).sum(axis=1)
    image = np.repeat(np.arange(n_readers.size), n_readers)  # a row for each reading
    kappa = _kappa(agreeing[image], (counts / each)[image], _of_many, patient[compared][image], level)
    return replace(kappa, n=n_readers.size if kappa.known else 0)


def _of_two(totals: Float[np.ndarray, "*p q"]) -> Float[np.ndarray, "*p"]:
    """The agreement by chance of two readers who choose each category so often."""
    first, second = np.split(totals, 2, axis=-1)
    return np.asarray((first * second).sum(axis=-1) / (first.sum(axis=-1) * second.sum(axis=-1)))


def _of_many(totals: Float[np.ndarray, "*p q"]) -> Float[np.ndarray, "*p"]:
    """The agreement by chance of readers who together choose each category so often."""
    return np.asarray(((totals / totals.sum(axis=-1, keepdims=True)) ** 2).sum(axis=-1))


def _kappa(
    agreeing: Float[np.ndarray, " n"],
    chosen: Float[np.ndarray, "n q"],
    by_chance: Chance,
    patient: Integer[np.ndarray, " n"],
    level: float,
) -> Estimate:
    """Kappa from the agreement on each image and how often each category was chosen there."""
    if agreeing.size == 0 or by_chance(chosen.sum(axis=0)) > _ONE_CATEGORY:
        return Estimate(math.nan, -1.0, 1.0, 0)
    observed, chance = clustered(agreeing, patient, level), float(by_chance(chosen.sum(axis=0)))
    reach = _reach(agreeing, chosen, by_chance, patient, level)
    low, value, high = (_beyond(share, chance) for share in (observed.low, observed.value, observed.high))
    return Estimate(
        value, max(min(value - reach, low), -1.0), min(max(value + reach, high), 1.0), agreeing.size
    )


def _reach(
    agreeing: Float[np.ndarray, " n"],
    chosen: Float[np.ndarray, "n q"],
    by_chance: Chance,
    patient: Integer[np.ndarray, " n"],
    level: float,
) -> float:
    """How far chance may take kappa, by leaving out one patient at a time; infinite where one is all."""
    code = np.unique(patient, return_inverse=True)[1]
    table = np.column_stack([np.ones(code.size), agreeing, chosen])
    by_patient = np.zeros((code.max() + 1, table.shape[1]))
    np.add.at(by_patient, code, table)
    without, n = table.sum(axis=0) - by_patient, len(by_patient)
    if n == 1 or np.any(by_chance(without[:, 2:]) > _ONE_CATEGORY):
        return math.inf
    agreement, chance = without[:, 1] / without[:, 0], by_chance(without[:, 2:])
    kappas = (agreement - chance) / (1 - chance)
    return float(special.stdtrit(n - 1, (1 + level) / 2) * kappas.std() * math.sqrt(n - 1))


def _beyond(agreement: float, chance: float) -> float:
    """The share of what chance leaves open in which there is agreement."""
    return (agreement - chance) / (1 - chance)
