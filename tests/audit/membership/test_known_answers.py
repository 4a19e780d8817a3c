"""A diffusion model that knows its few films by heart gives them away; one that saw many films twice does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cohorts import films
from doppelscan.audit.membership import MembershipSettings, membership
from doppelscan.findings.membership import Membership
from doppelscan.generators import Keeping, changed, family_named, fit
from doppelscan.imagesets import ImageSet
from doppelscan.settings import Resources

SIDE = 12
NETWORK = ["channels=16,32", "attention=false,false", "head_channels=16", "training.half_life=1000"]


def attacked(train: ImageSet, holdout: ImageSet, n_images: int, out: Path) -> Membership:
    chosen = changed(family_named("ddpm").presets["tiny"], [*NETWORK, f"training.n_images={n_images}"])
    model = fit(train, chosen, out=out, keeping=Keeping(marks=1, grid=0, log_steps=100))
    settings = MembershipSettings(n_patients=300, n_draws=2, n_permutations=99)
    little = Resources(2**29, 1, "cpu")
    return membership(train=train, holdout=holdout, model=model, settings=settings, resources=little)


@pytest.mark.slow
def test_a_model_that_was_trained_too_long_gives_its_patients_away(tmp_path: Path) -> None:
    found = attacked(films(20, side=SIDE), films(90, first=2000, side=SIDE), 16000, tmp_path)
    assert found.concludes
    assert found.decisive.by_patient.auc.value >= 0.85  # measured: 0.906, of 20 films seen 800 times
    assert found.decisive.by_patient.auc.low > 0.7


@pytest.mark.slow
def test_a_model_that_saw_many_films_twice_gives_nobody_away(tmp_path: Path) -> None:
    found = attacked(films(1500, side=SIDE), films(450, first=2000, side=SIDE), 3000, tmp_path)
    area = found.decisive.by_patient.auc
    assert found.concludes
    assert area.low <= 0.5 <= area.high
    assert area.high - area.low <= 0.1
    assert np.isfinite(area.value)
