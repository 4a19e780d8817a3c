"""By image and by patient, and honestly: a model that saw neither side has an AUC of 0.5 within its interval."""

from __future__ import annotations

import numpy as np
import pytest

from doppelscan.audit.membership.attacks import _together, relative
from doppelscan.audit.membership.conclusions import reason_not_to, told
from doppelscan.estimates import Estimate
from doppelscan.findings.membership import Attack, Difference, Told
from doppelscan.seeds import stream


def innocent(run: int, n_patients: int, each: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, calibrated as attacks are, of a model that saw neither side: errors depend on looks and patient."""
    chance = stream(run, "innocent")
    n_reference = n_patients // 3
    patient = np.repeat(np.arange(2 * n_patients + n_reference), each)
    looks = chance.normal(size=(patient.max() + 1, 3))[patient] + 0.5 * chance.normal(size=(len(patient), 3))
    hard = chance.standard_t(4, size=(patient.max() + 1, 1))[patient]
    errors = looks @ chance.normal(size=(3, 4)) + hard + chance.normal(size=(len(patient), 4))
    reference = patient >= 2 * n_patients
    left = relative(errors[~reference], looks[~reference], errors[reference], looks[reference])
    asked = patient[~reference]
    return _together(-left.T), asked < n_patients, asked


@pytest.mark.parametrize(("n_patients", "each"), [(60, 1), (40, 4)])
def test_a_model_that_saw_neither_side_has_an_auc_of_one_half_within_its_interval(
    n_patients: int, each: int
) -> None:
    held = np.zeros((300, 2))
    for run in range(300):
        for level, one in enumerate(told(*innocent(run, n_patients, each))):
            held[run, level] = one.auc.low <= 0.5 <= one.auc.high
    assert (held.mean(axis=0) >= 0.92).all()  # 95% promised; 0.92 is 2.4 standard errors below
    assert (held.mean(axis=0) <= 0.985).all()  # nor are the intervals too wide to say anything


def test_a_leak_is_seen_by_image_and_more_by_patient() -> None:
    score, member, patient = innocent(0, 150, 4)
    by_image, by_patient = told(score + 0.5 * member, member, patient)
    assert by_image.auc.low > 0.5
    assert by_patient.auc.low > 0.5
    assert (by_image.auc.n, by_patient.auc.n) == (1200, 300)
    assert by_patient.found_at_1_percent.known
    assert not by_patient.found_at_0_1_percent.known


def test_a_patients_score_is_the_mean_of_the_images() -> None:
    score = np.array([0.0, 4.0, 1.0, 3.0, 2.5])
    member, patient = np.array([True, True, False, False, False]), np.array([7, 7, 2, 2, 5])
    by_image, by_patient = told(score, member, patient)
    assert by_image.auc.value == pytest.approx(np.mean([0, 0, 0, 1, 1, 1]))
    assert by_patient.auc.value == pytest.approx(np.mean([0.5, 0]))  # 2 against 2 and 2.5


@pytest.mark.parametrize(
    ("p_value", "without", "low", "reason"),
    [
        (0.01, 0.6, 0.9, "differ by construction"),
        (0.05, 0.7, 0.58, "is no more than the sets may differ"),
        (0.05, 0.7, 0.71, ""),
        (0.05, 0.7, 0.45, ""),
    ],
    ids=["sets differ", "sets may explain it", "sets cannot explain it", "nothing to explain"],
)
def test_nothing_is_concluded_where_the_sets_explain_as_much(
    p_value: float, without: float, low: float, reason: str
) -> None:
    found = Told(Estimate(low + 0.05, low, 1.0, 100), Estimate.unknown(), Estimate.unknown())
    seen = Difference(Estimate(0.55, 0.4, without, 100), p_value, 499)
    said = reason_not_to(seen, Attack("model", "model", found, found))
    assert reason in said
    assert bool(said) == bool(reason)
