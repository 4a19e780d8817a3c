"""From the evidence to the findings: verdicts, controls judged alike, rates, and what must be said beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from doppelscan.audit.derived import derived_findings, derived_table
from doppelscan.audit.evidence import Evidence, View
from doppelscan.audit.matched import Matched
from doppelscan.audit.notes import derived_notes, notes
from doppelscan.audit.planting import ControlArm
from doppelscan.audit.rates import (
    alarms,
    copied_share,
    copies_left,
    exposure,
    least_detectable_copies,
    memorized_share,
    redrawn,
)
from doppelscan.audit.settings import AuditSettings
from doppelscan.audit.verdicts import Rule, Verdicts, judge
from doppelscan.estimates import Estimate
from doppelscan.findings import Findings, RatesByTransform
from doppelscan.imagesets import ImageSet
from doppelscan.statistics import PatientNull, excess_share

__all__ = ["Conclusion", "JudgedControls", "conclude", "statistic_of"]


@dataclass(frozen=True, eq=False)
class JudgedControls:
    """An arm of controls with its p-values, and which of them would be flagged if added alone."""

    arm: ControlArm
    statistic: Float64[np.ndarray, " c"]
    p: Float64[np.ndarray, " c"]
    copied: Bool[np.ndarray, " c"]
    rates: RatesByTransform


@dataclass(frozen=True, eq=False)
class Conclusion:
    """The findings, the verdicts on single images that they sum up, and those on what was made from others."""

    rule: Rule
    findings: Findings
    verdicts: Verdicts
    controls: Mapping[str, JudgedControls]
    derived: pd.DataFrame


def conclude(evidence: Evidence, settings: AuditSettings) -> Conclusion:
    """The findings of an audit, from everything that was matched."""
    rule = Rule(settings.fdr, _threshold(evidence, settings))
    verdicts, null = _judged(evidence.clean, rule)
    with_errors, _ = _judged(evidence.whole, rule)
    p_draws, draws = redrawn(verdicts, null, rule, n_draws=settings.n_draws, seed=settings.seed)
    controls = {arm.name: _judge_controls(arm, null, rule, verdicts) for arm in evidence.controls}

    sets, best = evidence.sets, evidence.clean.synthetic.best
    patients = sets.train.patients
    n_patients = int(patients.max()) + 1
    copied = copied_share(verdicts.copied, draws)
    exposed = exposure(verdicts, np.where(best >= 0, patients[best], -1), n_patients, rule, p_draws)
    power = controls["copy"].rates
    derived_of = derived_table(sets, settings.fdr)
    derived = derived_findings(sets, derived_of, verdicts.copied)
    findings = Findings(
        method=settings.method,
        calibration=settings.calibration,
        statistic=_statistic_name(evidence, rule),
        n_synthetic=len(sets.synthetic),
        n_train=len(sets.train),
        n_holdout=0 if sets.holdout is None else len(sets.holdout),
        n_patients=n_patients,
        n_null_patients=null.n_patients,
        patients_known=all(
            images.patients_known for images in (sets.train, sets.holdout) if images is not None
        ),
        shift_controlled=sets.holdout is not None and settings.calibration == "conformal",
        fdr=settings.fdr,
        threshold=verdicts.threshold if rule.threshold is None else rule.threshold,
        p_floor=null.floor,
        least_detectable_copies=_least_detectable(controls["copy"], null, settings, len(sets.synthetic)),
        identity_errors=evidence.identity_errors,
        copied=copied,
        copied_with_identity_errors=copied_share(with_errors.copied, draws[:0]),
        copies_left=copies_left(copied, power.overall),
        excess_copied=_excess(verdicts, p_draws, rule),
        memorized=memorized_share(verdicts.copied, best, patients, draws),
        patients_exposed=exposed.share,
        exposed=_names(sets.train, exposed.patients),
        power=power,
        false_alarms=controls["novel"].rates,
        same_patient_alarms=controls["same_patient"].rates,
        undefined_scores=int((verdicts.kind == "undefined").sum()),
        notes=(*notes(evidence, null, verdicts, settings), *derived_notes(derived)),
        derived=derived,
    )
    return Conclusion(rule, findings, verdicts, controls, derived_of)


def statistic_of(matched: Matched, rule: Rule) -> Float64[np.ndarray, " m"]:
    """What the verdict rests on, or the score itself where a threshold on it decides."""
    return matched.statistic if rule.threshold is None else matched.score


def _threshold(evidence: Evidence, settings: AuditSettings) -> float | None:
    """The score above which an image is a copy; None where p-values decide."""
    if settings.calibration == "fixed":
        return settings.threshold
    if settings.calibration == "conformal":
        return None
    trained = next(arm for arm in evidence.whole.null.arms if arm.name == "leave_patient_out")
    assert trained.matched.holdout_score is not None, "the inputs were checked"
    return float(np.nanquantile(trained.matched.holdout_score, 0.95))


def _statistic_name(evidence: Evidence, rule: Rule) -> str:
    if rule.threshold is not None:
        return "score"
    if len(evidence.kinds) > 1:
        return "furthest"
    return "z" if evidence.sets.holdout is None else "margin"


def _judged(view: View, rule: Rule) -> tuple[Verdicts, PatientNull]:
    statistics = [statistic_of(arm.matched, rule) for arm in view.null.arms]
    null = PatientNull(np.concatenate(statistics), view.null.patient)
    return judge(statistic_of(view.synthetic, rule), view.synthetic.score, null, rule), null


def _judge_controls(arm: ControlArm, null: PatientNull, rule: Rule, verdicts: Verdicts) -> JudgedControls:
    statistic = statistic_of(arm.matched, rule)
    p, copied, rates = alarms(
        statistic,
        arm.matched.score,
        arm.patient,
        arm.transform_names,
        null=null,
        rule=rule,
        n_flagged=int(verdicts.copied.sum()),
        n=len(verdicts.copied),
    )
    return JudgedControls(arm, statistic, p, copied, rates)


def _least_detectable(copies: JudgedControls, null: PatientNull, settings: AuditSettings, n: int) -> int:
    """From the p-values of planted copies without the rule that identical pixels are always a copy."""
    p = null.p_values(copies.statistic).p
    return least_detectable_copies(p, copies.arm.transform_names, floor=null.floor, fdr=settings.fdr, n=n)


def _excess(verdicts: Verdicts, draws: Float64[np.ndarray, "d m"], rule: Rule) -> Estimate:
    defined = verdicts.kind != "undefined"
    return excess_share(verdicts.p[defined], draws[:, defined])


def _names(train: ImageSet, patients: Int64[np.ndarray, " k"]) -> tuple[str, ...]:
    """The patients' ids; where a patient is unknown, the id of the one image."""
    first = np.unique(train.patients, return_index=True)[1][patients]
    rows = train.table.iloc[first]
    return tuple(rows["patient"].where(rows["patient"].notna(), rows["id"]))
