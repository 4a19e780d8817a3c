"""What the verdicts say of the whole set, each rate with its interval. Sees no image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from doppelscan.audit.verdicts import SAME_PIXELS, Rule, Verdicts, p_values
from doppelscan.estimates import Estimate
from doppelscan.findings import RatesByTransform
from doppelscan.statistics import PatientNull, binomial, clustered, q_values, widened

__all__ = [
    "Exposure",
    "alarms",
    "copied_share",
    "copies_left",
    "exposure",
    "least_detectable_copies",
    "memorized_share",
    "redrawn",
]


def redrawn(
    verdicts: Verdicts, null: PatientNull, rule: Rule, *, n_draws: int, seed: int
) -> tuple[Float64[np.ndarray, "d m"], Bool[np.ndarray, "d m"]]:
    """The p-values and verdicts that other draws of as many null patients would have given (bootstrap)."""
    p = null.p_values_resampled(verdicts.statistic, n_draws, seed)
    p[:, verdicts.kind == "undefined"] = 1.0
    p[:, verdicts.kind == "identical"] = 0.0
    return p, rule.decide(p, verdicts.statistic) | (verdicts.kind == "identical")


def copied_share(copied: Bool[np.ndarray, " m"], draws: Bool[np.ndarray, "d m"]) -> Estimate:
    """Share of the images that is flagged: an exact binomial interval, widened by the null's own chance."""
    return widened(binomial(int(copied.sum()), len(copied)), draws.mean(axis=1))


def copies_left(copied: Estimate, power: Estimate) -> Estimate:
    """Share of the images that are copies and were not flagged: an upper bound, with 0 as its lower end.

    A share c of copies that are altered as the controls are shows as power x c flagged; the upper end takes
    the least power and most copies. Nothing says that there are any more than those flagged: a generator may
    alter copies only in ways that the audit sees.
    """
    if not (copied.known and power.known):
        return Estimate.unknown()
    room = 1 - copied.value
    value = min(_hidden(copied.value, power.value), room)
    high = copied.high / power.low - copied.value if power.low > 0 else 1.0
    return Estimate(value, 0.0, max(value, min(high, room)), copied.n)


def memorized_share(
    copied: Bool[np.ndarray, " m"],
    best: Int64[np.ndarray, " m"],
    patients: Int64[np.ndarray, " t"],
    draws: Bool[np.ndarray, "d m"],
) -> Estimate:
    """Share of the training images that a flagged image copies; its interval clusters images by patient."""
    named = np.isin(np.arange(len(patients)), best[copied])
    shares = np.array([len(np.unique(best[draw])) for draw in draws]) / max(len(patients), 1)
    return widened(clustered(named, patients), shares)


@dataclass(frozen=True, eq=False)
class Exposure:
    """Training patients of whom there is a copy, most certain first, and their share."""

    patients: Int64[np.ndarray, " k"]
    share: Estimate


def exposure(
    verdicts: Verdicts,
    patient: Int64[np.ndarray, " m"],
    n_patients: int,
    rule: Rule,
    draws: Float64[np.ndarray, "d m"],
) -> Exposure:
    """Which training patients have a copy; `patient` is the one that each image's best match shows, or -1.

    A patient's p-value is the smallest of the images naming them, times their number (Bonferroni); the
    false discovery rate is over the patients that any image names, since the others cannot be flagged.
    Under a threshold, it is every patient named by a copy.
    """
    if rule.threshold is not None:
        flagged = np.unique(patient[verdicts.copied & (patient >= 0)])
        return Exposure(flagged, binomial(len(flagged), n_patients))
    named, code = np.unique(patient[patient >= 0], return_inverse=True)
    by_patient = _patient_p(np.vstack([verdicts.p, draws])[:, patient >= 0], code, len(named))
    exposed = q_values(by_patient) <= rule.fdr
    order = np.argsort(by_patient[0], kind="stable")
    share = widened(binomial(int(exposed[0].sum()), n_patients), exposed[1:].sum(axis=1) / n_patients)
    return Exposure(named[order][exposed[0][order]], share)


def alarms(
    statistic: Float64[np.ndarray, " c"],
    score: Float64[np.ndarray, " c"],
    patient: Int64[np.ndarray, " c"],
    transforms: Sequence[str],
    *,
    null: PatientNull,
    rule: Rule,
    n_flagged: int,
    n: int,
) -> tuple[Float64[np.ndarray, " c"], Bool[np.ndarray, " c"], RatesByTransform]:
    """The p-values of controls, which would be flagged if added alone to the audit, and the share by transform."""
    p, _ = p_values(statistic, score, null)
    hit = rule.would_flag(p, statistic, n_flagged=n_flagged, n=n) | (score > SAME_PIXELS)
    names = np.asarray(transforms, dtype=object)
    by_transform = {
        name: clustered(hit[names == name], patient[names == name]) for name in dict.fromkeys(transforms)
    }
    return p, hit, RatesByTransform(clustered(hit, patient), by_transform)


def least_detectable_copies(
    p: Float64[np.ndarray, " c"], transforms: Sequence[str], *, floor: float, fdr: float, n: int
) -> int:
    """How many copies, all as evident as those of the transform seen best, the false discovery rate lets through.

    That many images with p-value p pass Benjamini-Hochberg once p <= fdr x copies / n.
    """
    names = np.asarray(transforms, dtype=object)
    typical = [float(np.median(p[names == name])) for name in dict.fromkeys(transforms)]
    return max(1, math.ceil(n * min([floor, *typical]) / fdr))


def _hidden(flagged: float, power: float) -> float:
    """The share not flagged beside a share flagged with this power."""
    if flagged == 0:
        return 0.0
    return flagged * (1 / power - 1) if power > 0 else 1.0


def _patient_p(
    p: Float64[np.ndarray, "d m"], patient: Int64[np.ndarray, " m"], n_patients: int
) -> Float64[np.ndarray, "d k"]:
    """Smallest p of the images that name each patient, times their number, at most 1."""
    smallest = np.ones((n_patients, len(p)))
    np.minimum.at(smallest, patient, p.T)
    counts = np.bincount(patient, minlength=n_patients)
    return np.minimum(smallest * counts[:, None], 1.0).T
