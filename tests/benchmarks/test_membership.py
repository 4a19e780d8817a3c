"""From within a model that saw its films too often, its patients are told from others."""

from __future__ import annotations

from pathlib import Path

import pytest

import membership


@pytest.mark.slow
def test_the_patients_of_an_over_trained_model_are_given_away(tmp_path: Path) -> None:
    found = membership.attacked(membership.TRAININGS[0], tmp_path, seed=2026)
    assert found.concludes
    assert found.decisive.by_patient.auc.value >= 0.95  # measured: 1.000 (0.973 to 1.000)
