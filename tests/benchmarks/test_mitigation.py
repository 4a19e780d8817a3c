"""The table of mitigations: which films are trained on, and what a mean over seeds leaves open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mitigation
from cohorts import films
from doppelscan.estimates import Estimate
from doppelscan.studies.sources import Patients


@pytest.fixture
def split(monkeypatch: pytest.MonkeyPatch) -> None:
    """Films of 60 patients, ten of them held out, in the place of the real ones."""
    images = films(60)
    patients = Patients(images.take(np.arange(50)), images.take(np.arange(50, 60)))
    monkeypatch.setattr(mitigation, "opened", lambda *_: patients)
    for name, number in (("N_FILMS", 12), ("N_REPEATED", 3), ("TIMES", 4), ("N_FRESH", 20)):
        monkeypatch.setattr(mitigation, name, number)


@pytest.mark.usefixtures("split")
def test_some_films_are_repeated_and_no_patient_has_two_parts() -> None:
    found = mitigation.films_of(Path("unread"), 0)
    counts = found.trained.table["patient"].value_counts()
    assert sorted(counts) == [1] * 9 + [4] * 3
    parts = [set(part.table["patient"]) for part in (found.trained, found.fresh, found.null)]
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert len(mitigation.deduplicated(found.trained)) == 12


def test_the_mean_over_seeds_holds_their_scatter_and_their_own_intervals() -> None:
    same = mitigation.over_seeds([Estimate(0.5, 0.4, 0.7, 10)] * 4)
    assert (same.value, same.low, same.high) == pytest.approx((0.5, 0.45, 0.6))
    apart = mitigation.over_seeds([Estimate(value, value, value, 10) for value in (0.1, 0.2, 0.3)])
    assert apart.high - apart.value == pytest.approx(4.3027 * 0.1 / 3**0.5, rel=1e-4)
    one = mitigation.over_seeds([Estimate(0.0, 0.0, 0.02, 200)])
    assert (one.low, one.high) == (0.0, 0.02)
