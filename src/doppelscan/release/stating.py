"""How do findings become what a release may say? Numbers pass; names of patients, files and places do not."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from doppelscan.estimates import Estimate
from doppelscan.findings import RatesByTransform, Run
from doppelscan.findings.membership import Membership as MembershipFound
from doppelscan.findings.quality import Measured
from doppelscan.findings.quality import Quality as QualityFound
from doppelscan.findings.utility import Utility as UtilityFound
from doppelscan.release import record
from doppelscan.review import known_copies_let_pass

__all__ = ["audited", "membership", "quality", "rate", "readers", "utility"]

_SAME = (
    "method",
    "calibration",
    "statistic",
    "n_synthetic",
    "n_train",
    "n_holdout",
    "n_patients",
    "n_null_patients",
    "patients_known",
    "shift_controlled",
    "fdr",
    "p_floor",
    "least_detectable_copies",
    "undefined_scores",
)
_ESTIMATES = (
    "copied",
    "copied_with_identity_errors",
    "copies_left",
    "excess_copied",
    "memorized",
    "patients_exposed",
)
_BY_TRANSFORM = ("power", "false_alarms", "same_patient_alarms")


def audited(run: Run) -> record.Audited:
    """What a release says of its audit."""
    findings = run.findings
    values: dict[str, Any] = {name: getattr(findings, name) for name in _SAME}
    values |= {name: rate(getattr(findings, name)) for name in _ESTIMATES}
    values |= {name: _rates(getattr(findings, name)) for name in _BY_TRANSFORM}
    return record.Audited(
        **values,
        n_identity_errors=len(findings.identity_errors),
        n_exposed=len(findings.exposed),
        notes=list(findings.notes),
        seed=int(run.record.get("seed", 0)),
        versions={str(name): str(kept) for name, kept in run.record.get("versions", {}).items()},
    )


def rate(estimate: Estimate) -> record.Rate:
    """An estimate as the record has it; a number that is not finite is null."""
    value, low, high = (
        float(number) if math.isfinite(number) else None
        for number in (estimate.value, estimate.low, estimate.high)
    )
    return record.Rate(value=value, low=low, high=high, n=estimate.n)


def readers(verdicts: pd.DataFrame | None) -> record.Readers | None:
    """How many people looked, and what they said of pairs that are no controls; None where nobody did."""
    if verdicts is None or verdicts.empty:
        return None
    rows = verdicts[verdicts["control"] == ""]
    counts = {str(label): int(n) for label, n in rows["label"].value_counts().sort_index().items()}
    return record.Readers(
        n_readers=int(verdicts["reader"].nunique()),
        n_images=int(rows["synthetic_id"].nunique()),
        verdicts=counts,
        known_copies_let_pass=[rate(share) for share in known_copies_let_pass(verdicts).values()],
    )


def quality(found: QualityFound) -> record.Quality:
    """What a release says of quality; an encoder from a file is called pretrained: its path is nobody's business."""
    known = found.encoder in {"contrastive", "pixels"}
    return record.Quality(
        encoder=found.encoder if known else "pretrained",
        n_real=found.n_real,
        n_synthetic=found.n_synthetic,
        numbers=[_number(one) for one in (*found.fidelity, *found.memorization) if not one.absent],
    )


def membership(found: MembershipFound) -> record.Membership:
    """What a release says of membership inference."""
    attack = found.decisive
    return record.Membership(
        concludes=found.concludes,
        attack=attack.name,
        access=attack.access,
        auc_by_image=rate(attack.by_image.auc),
        auc_by_patient=rate(attack.by_patient.auc),
    )


def utility(found: UtilityFound) -> record.Utility:
    """What images add to a classifier, over all test images; generators are numbered: their names are the owner's."""
    called = {arm.name: f"{arm.kind} {number}" for number, arm in enumerate(found.arms, start=1)}
    numbers = [
        record.Number(
            name=f"{found.outcome} by {called[one.arm]} over {one.against} with {one.real_per_class:g} real a class "
            f"and {one.per_real} per real",
            value=rate(one.difference),
        )
        for one in found.contrasts
        if one.group == "all"
    ]
    return record.Utility(numbers=numbers)


def _rates(rates: RatesByTransform) -> record.Rates:
    by_transform = {name: rate(one) for name, one in rates.by_transform.items()}
    return record.Rates(overall=rate(rates.overall), by_transform=by_transform)


def _number(one: Measured) -> record.Number:
    perfect = rate(one.perfect) if one.perfect.known else None
    return record.Number(name=one.name, value=rate(one.value), perfect=perfect)
