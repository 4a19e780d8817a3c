"""The numbers that are taken of the vectors of the sets."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64
from scipy import stats

from doppelscan.encoders.inception_network import N_CLASSES
from doppelscan.estimates import Estimate
from doppelscan.findings.quality import Measured
from doppelscan.quality.comparing import Compared, Drawing, Features, compared, described
from doppelscan.quality.copying import LEAST, authentic, cells_of, data_copying, mifid
from doppelscan.quality.distances import nearest_of
from doppelscan.quality.diversity import mean_distance, vendi_score
from doppelscan.quality.frechet import frechet_distance, frechet_infinity
from doppelscan.quality.inception_score import inception_score
from doppelscan.quality.kernel import kernel_distance
from doppelscan.quality.manifold import manifold
from doppelscan.quality.traits import TRAITS
from doppelscan.statistics import auc

__all__ = ["Seen", "fidelity", "memorization"]

_NO_LOGITS = "Needs the classes of Inception: give its weights file with --encoder."
_LEAST_IN_HALVES = 5  # of a cell that was large enough with all images
_NO_HOLDOUT = "Needs images of patients that the generator never saw: give --holdout."


@dataclass(frozen=True, eq=False)
class Seen:
    """What the encoder sees of each set; `logits` of the real and the synthetic images where it is Inception."""

    real: Features
    synthetic: Features
    holdout: Features | None
    logits: tuple[Features, Features] | None = None


def fidelity(seen: Seen, drawing: Drawing) -> tuple[Measured, ...]:
    """How like real images they are, and how diverse."""
    real, synthetic = seen.real, seen.synthetic
    found = compared(_distances, real, synthetic, drawing, "distances between sets")
    infinity = {"fid_infinity": _infinity(seen, found["fid"], drawing)}
    balls = compared(_balls, real, synthetic, drawing, "nearest neighbours")
    spread = described(_spread, real, synthetic, drawing, "diversity")
    sure = {} if seen.logits is None else described(_score, *seen.logits, drawing, "inception score")
    ordered = {"fid": found["fid"]} | infinity | found | sure | balls | spread
    named = [_measured(name, one) for name, one in ordered.items()]
    return tuple([*named, _absent("is", _NO_LOGITS)] if seen.logits is None else named)


def memorization(seen: Seen, drawing: Drawing) -> tuple[Measured, ...]:
    """The scores of others for the whole set."""
    found = compared(_copying, seen.real, seen.synthetic, drawing, "scores of memorization")
    if seen.holdout is None:
        apart = [_absent(name, _NO_HOLDOUT) for name in ("ct", "nearer")]
    else:
        apart = _apart(seen, seen.holdout, drawing)
    return (*apart, *(_measured(name, one) for name, one in found.items()))


def _distances(real: Features, synthetic: Features) -> dict[str, float]:
    return {
        "fid": frechet_distance(real.vectors, synthetic.vectors),
        "kid": kernel_distance(real.vectors, synthetic.vectors, (real.patient, synthetic.patient)),
    }


def _balls(real: Features, synthetic: Features) -> dict[str, float]:
    found = manifold(real.vectors, synthetic.vectors)
    return {
        "precision": float(found.real_like.mean()),
        "recall": float(found.reached.mean()),
        "density": float(found.density.mean()),
        "coverage": float(found.covered.mean()),
    }


def _spread(images: Features) -> dict[str, float]:
    return {"vendi": vendi_score(images.vectors), "mean_distance": mean_distance(images.vectors)}


def _score(images: Features) -> dict[str, float]:
    views = images.vectors.reshape(len(images), -1, N_CLASSES)
    return {"is": float(np.mean([inception_score(views[:, view]) for view in range(views.shape[1])]))}


def _copying(real: Features, synthetic: Features) -> dict[str, float]:
    return {
        "authenticity": float(authentic(real.vectors, synthetic.vectors).mean()),
        "mifid": mifid(real.vectors, synthetic.vectors),
    }


def _infinity(seen: Seen, fid: Compared, drawing: Drawing) -> Compared:
    """The limit for many images. It varies as the distance itself does; for a perfect generator it is 0."""
    real, synthetic = seen.real, seen.synthetic
    groups = real.patient, synthetic.patient
    value = frechet_infinity(real.vectors, synthetic.vectors, groups=groups, seed=drawing.seed)
    margin = fid.value.high - fid.value.value
    unknown = Estimate(math.nan, -math.inf, math.inf, 0)
    return Compared(Estimate(value, value - margin, value + margin, len(synthetic)), unknown, unknown)


def _apart(seen: Seen, holdout: Features, drawing: Drawing) -> list[Measured]:
    """C_T, and how likely a synthetic image is to lie nearer to the training set than a held-out one."""
    far, held = (nearest_of(of.vectors, seen.real.vectors)[1] for of in (seen.synthetic, holdout))
    cells = _large(cells_of(seen.real.vectors, (seen.synthetic.vectors, holdout.vectors), seed=drawing.seed))
    placed = Features(np.stack([far, cells[0]], axis=1), seen.synthetic.patient)
    placed_held = Features(np.stack([held, cells[1]], axis=1), holdout.patient)
    found = compared(_held_apart, placed_held, placed, drawing, "held-out images")
    patient = np.concatenate([seen.synthetic.patient, len(far) + holdout.patient])
    nearer = auc(-np.concatenate([far, held]), np.arange(len(patient)) < len(far), patient)
    sure = replace(found["ct"], value=_as_wide(found["ct"].value, nearer))
    whole = replace(found["nearer"], value=nearer)
    return [_measured("ct", sure), _measured("nearer", whole)]


def _large(cells: tuple[Int64[np.ndarray, "_"], ...]) -> tuple[Int64[np.ndarray, "_"], ...]:
    """The cells of each image, -1 for those that are too small to be tested, so that all draws test the same ones."""
    counts = [np.bincount(cell, minlength=1 + max(of.max() for of in cells)) for cell in cells]
    tested = np.min(counts, axis=0) >= LEAST
    return tuple(np.where(tested[cell], cell, -1) for cell in cells)


def _as_wide(ct: Estimate, nearer: Estimate) -> Estimate:
    """C_T with limits as far as those of `nearer`, which has width where the two sets are wholly apart."""
    if nearer.value == 0.5 or math.isnan(ct.value):
        return ct
    slope = ct.value / (0.5 - nearer.value)
    limits = [(0.5 - limit) * slope for limit in (nearer.low, nearer.high)]
    return Estimate(ct.value, min(ct.low, *limits), max(ct.high, *limits), ct.n)


def _held_apart(holdout: Features, synthetic: Features) -> dict[str, float]:
    (held, far), (of_held, of_far) = (
        (holdout.vectors[:, column], synthetic.vectors[:, column]) for column in (0, 1)
    )
    ct = data_copying(
        (far, held), (of_far.astype(np.int64), of_held.astype(np.int64)), least=_LEAST_IN_HALVES
    )
    z = stats.mannwhitneyu(held, far).statistic / (len(held) * len(far))
    return {"ct": ct, "nearer": float(z)}


def _measured(name: str, one: Compared) -> Measured:
    return Measured(name, one.value, one.at_size, one.perfect)


def _absent(name: str, why: str) -> Measured:
    trait = TRAITS[name]
    unknown = Estimate(math.nan, trait.least, trait.most, 0)
    return Measured(name, unknown, unknown, unknown, why)
