"""Distances are those of all pairs, taken a few rows at once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from doppelscan.utility import embedding


@pytest.mark.parametrize("at_once", [400, 7, 1])
def test_the_nearest_image_of_another_patient_is_found_whatever_the_step(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_SHOWN", at_once)
    vectors = np.random.default_rng(0).normal(size=(30, 4))
    patients = np.arange(30) // 3
    apart = cdist(vectors, vectors)
    apart[patients[:, None] == patients] = np.inf
    found = embedding._to_other_patients(vectors, patients)
    np.testing.assert_allclose(found, apart.min(axis=1), rtol=1e-9)
    assert np.isinf(embedding._to_other_patients(vectors, np.zeros(30, dtype=np.int64))).all()
