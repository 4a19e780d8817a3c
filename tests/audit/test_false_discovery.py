"""Many audits of fresh phantoms: without copies they stay silent, with copies they speak, and both are measured."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts import joined, noisy_copies, pixels_of
from doppelscan.audit import AuditSettings, audit
from doppelscan.findings import Findings
from doppelscan.imagesets import ImageSet
from doppelscan.imagesets.phantoms import chest

pytestmark = pytest.mark.slow

SIDE = 48
SETTINGS = AuditSettings(method="pearson", n_controls=60, n_draws=50)


def phantoms(n_patients: int, *, first: int, films: int = 1) -> ImageSet:
    cohort = chest(n_patients, films=films, size=SIDE, first_patient=first)
    return ImageSet.from_arrays(cohort.pixels, cohort.table, name="phantoms")


def audit_of_fresh_phantoms(repetition: int, n_copies: int) -> Findings:
    """An audit of 200 synthetic images, `n_copies` of them noisy copies, with 200 patients held out."""
    first = 100_000 + 1_000 * repetition
    train = phantoms(200, first=first, films=2)
    novel = pixels_of(phantoms(200 - n_copies, first=first + 600))
    copies = [noisy_copies(train, list(range(0, 2 * n_copies, 2)), seed=repetition)] if n_copies else []
    return audit(
        train=train,
        holdout=phantoms(200, first=first + 300),
        synthetic=joined(novel, *copies),
        settings=SETTINGS,
    )


def test_of_fifty_audits_without_copies_at_most_six_flag_anything_and_all_have_power() -> None:
    audits = [audit_of_fresh_phantoms(repetition, n_copies=0) for repetition in range(50)]
    assert sum(findings.copied.value > 0 for findings in audits) <= 6
    for name in ("exact", "noise"):
        assert np.mean([findings.power.by_transform[name].value for findings in audits]) >= 0.9, name


@pytest.mark.parametrize("n_copies", [10, 60])
def test_intervals_hold_the_share_of_copies_that_was_planted(n_copies: int) -> None:
    audits = [audit_of_fresh_phantoms(100 + repetition, n_copies) for repetition in range(15)]
    truth = n_copies / 200
    for name in ("copied", "excess_copied"):
        held = [getattr(findings, name).low <= truth <= getattr(findings, name).high for findings in audits]
        assert sum(held) >= 13, (name, held)


def test_one_percent_of_copies_is_found_with_five_hundred_held_out() -> None:
    audits = []
    for repetition in range(5):
        first = 300_000 + 2_000 * repetition
        train = phantoms(300, first=first, films=2)
        novel = pixels_of(phantoms(495, first=first + 900))
        synthetic = joined(novel, noisy_copies(train, [0, 7, 100, 213, 555], seed=repetition))
        holdout = phantoms(500, first=first + 400)
        audits.append(audit(train=train, holdout=holdout, synthetic=synthetic, settings=SETTINGS))
    assert all(findings.copied.low <= 0.01 <= findings.copied.high for findings in audits)
    assert np.mean([findings.copied.value for findings in audits]) == pytest.approx(0.01, abs=0.002)
