"""Audits that learn: from whom, what the null is then, and what they find that pixels do not show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts import films, joined, pixels_of
from doppelscan.audit import AuditSettings, audit, learning
from doppelscan.audit.evidence import gather
from doppelscan.audit.inputs import Sets
from doppelscan.audit.matching import References
from doppelscan.audit.null import draw_null
from doppelscan.audit.spaces import Encoded
from doppelscan.audit.witnesses import Correlated, Posed
from doppelscan.encoders.contrastive import ContrastiveEncoder, ContrastiveSettings, fitted
from doppelscan.errors import InputError
from doppelscan.findings import Findings
from doppelscan.imagesets import ImageSet
from doppelscan.search import ArrayBlocks
from doppelscan.settings import Resources
from doppelscan.workers import silent

TRAIN, HOLDOUT = films(60, each=2), films(40, first=100)
NOVEL = pixels_of(films(30, first=300))
MIRRORED = pixels_of(TRAIN)[[0, 20, 40, 60, 80]][..., ::-1].copy()
SETTINGS = AuditSettings(method="contrastive", n_controls=3, n_draws=5)
RESOURCES = Resources(memory=2**28, workers=1)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[ImageSet]:
    """The sets that encoders are trained on, for one epoch."""
    sets: list[ImageSet] = []

    def briefly(images: ImageSet, settings: ContrastiveSettings, **named: object) -> ContrastiveEncoder:
        sets.append(images)
        return fitted(images, ContrastiveSettings(epochs=1, side=20), **named)  # type: ignore[arg-type]

    monkeypatch.setattr(learning, "fitted", briefly)
    return sets


def audited(synthetic: ImageSet, settings: AuditSettings) -> Findings:
    return audit(train=TRAIN, holdout=HOLDOUT, synthetic=synthetic, settings=settings, resources=RESOURCES)


def test_the_null_is_of_patients_that_the_encoder_never_saw(seen: list[ImageSet]) -> None:
    evidence = gather(Sets(TRAIN, joined(NOVEL), HOLDOUT), SETTINGS, resources=RESOURCES)
    (arm,) = evidence.clean.null.arms
    learnt_from = set(seen[0].table["patient"])
    unseen = set(arm.images.table["patient"])
    assert set(TRAIN.table["patient"]) < learnt_from
    assert not unseen & learnt_from
    assert unseen | learnt_from == set(TRAIN.table["patient"]) | set(HOLDOUT.table["patient"])
    (novel,) = (arm for arm in evidence.controls if arm.name == "novel")
    assert set(novel.images.table["patient"]) == unseen


@pytest.mark.usefixtures("seen")
def test_mirrored_copies_are_found_that_pixels_do_not_show() -> None:
    synthetic = joined(MIRRORED, NOVEL)
    by_vectors, by_pixels = (
        audited(synthetic, AuditSettings(method=method, n_controls=3, n_draws=5))
        for method in ("contrastive", "pearson")
    )
    assert round(by_vectors.copied.value * len(synthetic)) == len(MIRRORED)
    assert by_pixels.copied.value == 0


def test_paper_b_s_threshold_learns_from_training_images_alone(seen: list[ImageSet]) -> None:
    settings = AuditSettings(method="contrastive", encoder="dar", calibration="dar", n_controls=2, n_draws=2)
    findings = audited(joined(MIRRORED, NOVEL), settings)
    assert set(seen[0].table["patient"]) == set(TRAIN.table["patient"])
    assert findings.n_null_patients == 100
    assert findings.threshold is not None
    assert not findings.shift_controlled


def test_a_held_out_twin_is_not_learnt_from(seen: list[ImageSet]) -> None:
    twins = joined_sets(HOLDOUT, TRAIN.take([0, 2, 4, 6]))
    evidence = gather(Sets(TRAIN, joined(NOVEL), twins), SETTINGS, resources=RESOURCES)
    assert {error.patient for error in evidence.identity_errors} >= {f"twin{k}" for k in range(4)}
    assert not [name for name in seen[0].table["patient"] if name.startswith("twin")]


def test_an_image_without_detail_has_no_vector(seen: list[ImageSet]) -> None:
    encoder = learning.fitted(TRAIN, ContrastiveSettings())
    flat = np.full((2, 1, 20, 20), 7, dtype=np.uint8)
    pixels = np.concatenate([flat, NOVEL[:3]])
    encoded = Encoded(encoder, learnt=True).encoded(ArrayBlocks(pixels), RESOURCES, silent).read(0, 5)
    assert seen
    assert not encoded[:2].any()
    assert np.array_equal(encoded[2:, 0], encoder.vectors(NOVEL[:3]))


def test_vectors_of_a_set_are_those_of_its_pixels_and_kept(
    seen: list[ImageSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = learning.fitted(TRAIN, ContrastiveSettings())
    space = Encoded(encoder, learnt=True)
    first = space.encoded(TRAIN, RESOURCES, silent).read(0, len(TRAIN))
    assert np.array_equal(first[:, 0], encoder.vectors(pixels_of(TRAIN)))
    monkeypatch.setattr(ContrastiveEncoder, "vectors", lambda *_: pytest.fail("made again"))
    again = space.encoded(TRAIN, RESOURCES, silent).read(0, len(TRAIN))
    assert np.array_equal(again, first)
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("holdout", "message"),
    [(None, "method contrastive needs held-out images"), (films(3, first=100), "3 are too few")],
)
def test_what_cannot_be_learnt_from_is_refused(holdout: ImageSet | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        audit(train=TRAIN, synthetic=joined(NOVEL), holdout=holdout, settings=SETTINGS)


def test_names_and_numbers_of_patients_are_one_another_s_inverse() -> None:
    references = References(TRAIN, HOLDOUT, RESOURCES, silent)
    held = references.patients(HOLDOUT)
    assert references.names(held[:2]) == {"p100", "p101"}
    assert references.numbers({"p100", "nobody"}).tolist() == [held[0]]
    fewer = references.without_held_out({"p100"})
    assert fewer.holdout is fewer.unseen
    assert fewer.holdout is not None
    assert "p100" not in set(fewer.holdout.table["patient"])


def joined_sets(images: ImageSet, twins: ImageSet) -> ImageSet:
    """The images, and these others under names of their own."""
    table = twins.table.assign(
        id=[f"twin{k}.png" for k in range(len(twins))], patient=[f"twin{k}" for k in range(len(twins))]
    )
    both = [images.table, table]
    pixels = np.concatenate([pixels_of(images), pixels_of(twins)])
    return ImageSet.from_arrays(pixels, pd.concat(both, ignore_index=True))


FAR = (Correlated(), Posed(16))


def judged(train: ImageSet, unseen: ImageSet | None = None) -> References:
    before = References(train, HOLDOUT, RESOURCES, silent, unseen=unseen, witnesses=FAR)
    return learning.measured(before, (), seed=0)


def test_many_training_patients_are_the_yardstick_and_the_null_keeps_its_own() -> None:
    found = judged(films(150, first=500))
    assert len(found.measured) == 50
    assert found.unseen is found.holdout


def test_where_training_patients_are_few_held_out_ones_join_them_and_leave_the_null() -> None:
    found = judged(films(12, first=500))
    assert found.unseen is not None
    assert len(found.measured) == 4
    assert len(np.unique(found.unseen.patients)) == 30
    (held, _) = draw_null(found, n_patients=5, seed=0).arms
    assert set(held.images.table["patient"]) == set(found.unseen.table["patient"])


def test_those_that_an_encoder_saw_join_them_at_no_cost_to_the_null() -> None:
    unseen = HOLDOUT.take(np.arange(5))
    assert judged(films(12, first=500), unseen).unseen is unseen


def test_of_very_few_held_out_patients_none_leaves_the_null() -> None:
    few = HOLDOUT.take(np.arange(3))
    before = References(films(12, first=500), few, RESOURCES, silent, witnesses=FAR)
    found = learning.measured(before, (), seed=0)
    assert found.unseen is few


def test_a_yardstick_of_few_patients_is_about_that_of_many() -> None:
    few, many = judged(films(12, first=500)).yardstick, judged(films(150, first=500)).yardstick
    assert few is not None
    assert many is not None
    assert np.all(np.abs(np.log(few.spread / many.spread)) < np.log(2))
