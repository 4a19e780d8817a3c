"""The default method refuses no set that can be audited at all, says what it did without, and names its statistic."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from doppelscan.audit import AuditSettings, audit, learning
from doppelscan.audit.learning import learnt, trains
from doppelscan.audit.matching import References
from doppelscan.audit.witnesses import Aligned
from doppelscan.errors import InputError
from doppelscan.imagesets import ImageSet
from doppelscan.registration import AlignmentSettings
from doppelscan.settings import Resources
from doppelscan.workers import silent
from textures import textures

SETTINGS = AuditSettings(n_controls=1, n_null_patients=3, n_draws=2)
RESOURCES = Resources(memory=2**28, workers=1, device="cpu")
WITHOUT_ENCODER = "too few to train an encoder"


def volumes(n: int, seed: int) -> ImageSet:
    """Small volumes, each of a patient of its own."""
    return of_patients(np.random.default_rng(seed).integers(0, 255, (n, 1, 10, 9, 8)).astype(np.uint8), seed)


def of_patients(pixels: np.ndarray, seed: int) -> ImageSet:
    return ImageSet.from_arrays(
        pixels, pd.DataFrame({"patient": [f"{seed}-{i}" for i in range(len(pixels))]})
    )


def test_the_default_hears_all_kinds_of_evidence() -> None:
    assert AuditSettings().method == "registered"


@pytest.mark.parametrize("n_held_out", [None, 3])
def test_volumes_with_too_few_held_out_patients_are_audited_without_an_encoder(
    n_held_out: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    briefly = AlignmentSettings(first_steps=1, coarse_steps=0, affine_steps=1, bending_steps=0)
    monkeypatch.setattr(learning, "Aligned", partial(Aligned, settings=briefly, n_candidates=1))
    train, copies = volumes(6, 0), volumes(6, 0).read(0, 2)
    holdout = None if n_held_out is None else volumes(n_held_out, 1)
    assert not trains(train, holdout, SETTINGS)
    findings = audit(
        train=train,
        holdout=holdout,
        synthetic=ImageSet.from_arrays(np.concatenate([copies, volumes(2, 2).read(0, 2)])),
        settings=SETTINGS,
        resources=RESOURCES,
    )
    assert findings.method == "registered"
    assert findings.statistic == "furthest"
    assert any(WITHOUT_ENCODER in note for note in findings.notes)
    assert findings.copied.value >= 0.5  # the same pixels are always a copy


def test_films_need_no_encoder_and_no_note() -> None:
    films = of_patients(textures(6), 0)
    assert not trains(films, of_patients(textures(4, seed=1), 1), SETTINGS)
    findings = audit(
        train=films,
        synthetic=ImageSet.from_arrays(textures(2, seed=2)),
        settings=SETTINGS,
        resources=RESOURCES,
    )
    assert findings.statistic == "furthest"
    assert not any(WITHOUT_ENCODER in note for note in findings.notes)


def test_an_encoder_is_trained_where_four_patients_are_held_out() -> None:
    assert trains(volumes(6, 0), volumes(4, 1), SETTINGS)
    assert not trains(volumes(6, 0), volumes(4, 1), AuditSettings(method="pearson"))
    assert not trains(volumes(6, 0), volumes(2, 1), SETTINGS)


def test_two_patients_without_a_holdout_are_enough() -> None:
    findings = audit(
        train=of_patients(textures(2), 0),
        synthetic=ImageSet.from_arrays(textures(1, seed=2)),
        settings=SETTINGS,
        resources=RESOURCES,
    )
    assert findings.n_null_patients >= 1


def test_a_threshold_on_correlation_asks_for_a_method_of_correlations() -> None:
    with pytest.raises(InputError, match="choose the method pearson or contrastive"):
        AuditSettings(calibration="dar")


@pytest.mark.parametrize(("effort", "heard"), [("quick", False), ("standard", False), ("thorough", True)])
def test_only_a_thorough_look_at_flat_images_compares_their_finest_detail(
    effort: str, heard: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "measured", lambda references, *_how: references)  # who is heard is settled
    films = ImageSet.from_arrays(textures(6), pd.DataFrame({"patient": [f"p{i}" for i in range(6)]}))
    settings = replace(SETTINGS, effort=effort)
    references = learnt(References(films, None, RESOURCES, silent), frozenset(), settings)
    assert ("fine tiles" in {kind.name for kind in references.kinds}) is heard
