"""The parts of an audit: what is matched, what the null is, what is planted, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts import films, joined, noisy_copies, pixels_of
from doppelscan.audit import AuditSettings, audit, neighbours
from doppelscan.audit.matching import References
from doppelscan.audit.null import draw_null, identity_errors
from doppelscan.audit.planting import AS_IT_IS, plant, plant_controls
from doppelscan.audit.verdicts import Rule, judge
from doppelscan.audit.witnesses import Correlated, Points
from doppelscan.errors import InputError
from doppelscan.images.parts import PARTS
from doppelscan.images.transforms import STANDARD, by_name
from doppelscan.imagesets import ImageSet
from doppelscan.search import ArrayBlocks, Blocks, Neighbours, nearest
from doppelscan.settings import Resources
from doppelscan.statistics import PatientNull
from doppelscan.workers import silent
from textures import textures

TRAIN, HOLDOUT = films(40, each=2), films(30, first=100)
BY_PIXELS = AuditSettings(method="pearson")


def references(holdout: ImageSet | None = HOLDOUT, memory: int = 2**28) -> References:
    return References(TRAIN, holdout, Resources(memory=memory, workers=1), silent)


def correlations(a: ImageSet, b: ImageSet) -> np.ndarray:
    flat = [pixels_of(images).reshape(len(images), -1).astype(float) for images in (a, b)]
    return np.corrcoef(*flat)[: len(a), len(a) :]


def test_the_margin_compares_the_best_of_training_and_holdout_on_fisher_s_scale() -> None:
    synthetic = joined(noisy_copies(TRAIN, [3, 9]), pixels_of(films(5, first=300)))
    matched = references().match(synthetic, "test", k=2)
    train, held = correlations(synthetic, TRAIN), correlations(synthetic, HOLDOUT)
    assert np.allclose(matched.scores, -np.sort(-train, axis=1)[:, :2])
    assert np.array_equal(matched.best, train.argmax(axis=1))
    assert np.allclose(matched.statistic, np.arctanh(train.max(axis=1)) - np.arctanh(held.max(axis=1)))
    assert np.allclose(references(None).match(synthetic, "test").statistic, np.arctanh(train.max(axis=1)))


def test_the_null_never_meets_its_own_patient() -> None:
    null = draw_null(references(), n_patients=10**6, seed=0)
    calibration, left_out = null.arms
    own = TRAIN.table["patient"].to_numpy()
    assert not np.any(own[left_out.matched.best] == left_out.images.table["patient"].to_numpy())
    other = correlations(TRAIN, TRAIN)
    other[own[:, None] == own] = -2
    assert np.allclose(left_out.matched.score, other.max(axis=1))
    between = correlations(HOLDOUT, HOLDOUT)
    np.fill_diagonal(between, -2)
    assert np.allclose(calibration.matched.holdout_score, between.max(axis=1))
    assert not set(calibration.patient) & set(left_out.patient)


def test_at_most_so_many_training_patients_join_the_null() -> None:
    null = draw_null(references(), n_patients=7, seed=0)
    assert len(np.unique(null.arms[1].patient)) == 7
    assert len(null.arms[1].images) == 14


def test_a_clean_null_has_no_identity_errors() -> None:
    errors, patients = identity_errors(draw_null(references(), n_patients=10**6, seed=0), TRAIN)
    assert errors == ()
    assert patients.size == 0


def test_a_pair_within_the_training_set_is_found_too() -> None:
    twice = ImageSet.from_arrays(
        np.concatenate([pixels_of(TRAIN), pixels_of(TRAIN)[[5]]]),
        pd.concat([TRAIN.table, pd.DataFrame({"id": ["twin"], "patient": ["other"]})], ignore_index=True),
    )
    findings = audit(
        train=twice,
        holdout=HOLDOUT,
        synthetic=joined(pixels_of(films(20, first=300))),
        settings=BY_PIXELS,
    )
    identical = {error.image_id for error in findings.identity_errors if error.reason == "same pixels"}
    assert identical == {"twin", "p2-1.png"}
    assert {error.image_id for error in findings.identity_errors} <= {"twin", "p2-0.png", "p2-1.png"}


def test_a_twin_uncovered_by_the_removal_of_another_is_found_as_well() -> None:
    train = ImageSet.from_arrays(
        np.concatenate([pixels_of(TRAIN), pixels_of(TRAIN)[[5]]]),
        pd.concat([TRAIN.table, pd.DataFrame({"id": ["twin"], "patient": ["other"]})], ignore_index=True),
    )
    held = ImageSet.from_arrays(
        np.concatenate([pixels_of(HOLDOUT), pixels_of(TRAIN)[[5]]]),
        pd.concat([HOLDOUT.table, pd.DataFrame({"id": ["third"], "patient": ["again"]})], ignore_index=True),
    )
    findings = audit(
        train=train, holdout=held, synthetic=joined(pixels_of(films(20, first=300))), settings=BY_PIXELS
    )
    same = {error.image_id for error in findings.identity_errors if error.reason == "same pixels"}
    assert same == {"third", "twin"}  # "third" names p2-1.png, whose patient then leaves the null with it


def test_controls_have_three_arms_of_known_truth() -> None:
    copies, novel, same_patient = plant_controls(references(), n_patients=6, seed=0)
    assert set(copies.transform) == set(novel.transform) == set(STANDARD)
    assert len(copies.source) == 6 * len(STANDARD)
    assert len(np.unique(copies.patient)) == 6
    exact = [transform is not None and transform.name == "exact" for transform in copies.transform]
    assert np.allclose(copies.matched.score[exact], 1)
    assert copies.named[exact].all()
    assert not novel.named.any()
    assert novel.images is HOLDOUT
    assert set(same_patient.transform_names) == {AS_IT_IS}
    assert not np.any(same_patient.matched.best == same_patient.source)


def test_a_novel_control_never_meets_its_own_patient() -> None:
    _, novel, _ = plant_controls(references(), n_patients=6, seed=0)
    assert novel.matched.holdout_score is not None
    assert novel.matched.holdout_score.max() < 0.999
    _, unseen, _ = plant_controls(references(None), n_patients=6, seed=0)
    assert unseen.matched.score.max() < 0.999


def test_controls_do_not_depend_on_memory() -> None:
    wide, narrow = (
        plant_controls(references(memory=memory), n_patients=4, seed=1)[0] for memory in (2**28, 2**17)
    )
    assert np.array_equal(wide.matched.statistic, narrow.matched.statistic)
    assert wide.transform == narrow.transform


def test_controls_planted_again_are_not_matched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = plant_controls(references(), n_patients=4, seed=1)[0].matched
    monkeypatch.setattr(neighbours.Search, "_found", None)
    again = plant_controls(references(), n_patients=4, seed=1)[0].matched
    assert np.array_equal(again.statistic, first.statistic)


def test_what_a_copy_is_mixed_with_is_not_among_the_held_out_images() -> None:
    speck = PARTS[0].at(4)  # 1/256 of the area: all else is the host
    copies, novel = plant(references(), [speck, *by_name(["exact"])], n_patients=7, seed=0)
    is_speck = np.array([name == speck.name for name in copies.transform_names])
    assert copies.matched.holdout_score is not None
    assert novel.matched.holdout_score is not None
    assert copies.matched.holdout_score[is_speck].max() < 0.999
    assert novel.matched.holdout_score.max() < 0.999
    assert len(copies.source) == 2 * 7
    assert len(novel.source) == 2 * 6  # in pairs
    exact = plant(references(), by_name(["exact"]), n_patients=7, seed=0)[0]
    assert np.array_equal(copies.matched.statistic[~is_speck], exact.matched.statistic)


def test_hosts_would_be_found_if_they_were_not_left_out() -> None:
    host = HOLDOUT.take([3])
    assert references().match(host, "test").holdout_score == pytest.approx(1)


def test_patients_have_one_number_in_all_arms() -> None:
    copies, novel, same_patient = plant_controls(references(), n_patients=50, seed=0)
    assert set(same_patient.patient) == set(copies.patient)
    assert not set(copies.patient) & set(novel.patient)


def test_a_training_set_of_single_films_has_no_same_patient_arm() -> None:
    single = References(films(10), HOLDOUT, Resources(workers=1), silent)
    assert len(plant_controls(single, n_patients=5, seed=0)[2].source) == 0


def test_verdicts_name_what_gave_the_p_value() -> None:
    null = PatientNull(np.linspace(-1, 1, 200), np.arange(200))
    statistic = np.array([0.0, 5.0, np.nan, 0.2])
    score = np.array([0.5, 0.9, np.nan, 1.0])
    verdicts = judge(statistic, score, null, Rule(fdr=0.05))
    assert verdicts.kind.tolist() == ["rank", "tail", "undefined", "identical"]
    assert verdicts.copied.tolist() == [False, True, False, True]
    assert verdicts.p.tolist()[2:] == [1.0, 0.0]
    assert verdicts.threshold == 5.0


def test_a_threshold_decides_alone_where_it_is_given() -> None:
    null = PatientNull(np.zeros(50), np.arange(50))
    values = np.array([0.4, 0.6, np.nan])
    verdicts = judge(values, values, null, Rule(fdr=0.05, threshold=0.5))
    assert verdicts.copied.tolist() == [False, True, False]


def test_progress_counts_every_pair_of_every_search() -> None:
    said: dict[str, list[tuple[int, int]]] = {}
    loud = References(
        TRAIN, HOLDOUT, Resources(workers=1), lambda w, d, n: said.setdefault(w, []).append((d, n))
    )
    loud.match(films(7, first=300), "work")
    assert said["work: pairs with training images"][0] == (0, 7 * len(TRAIN))
    assert said["work: pairs with training images"][-1] == (7 * len(TRAIN), 7 * len(TRAIN))
    assert set(said) == {"work: pairs with training images", "work: pairs with held-out images"}


def test_every_problem_of_the_sets_is_named_at_once() -> None:
    both = ImageSet.from_arrays(pixels_of(TRAIN)[:4], TRAIN.table.iloc[:4], name="held")
    wide = ImageSet.from_arrays(np.zeros((3, 3, 20, 20), np.uint8), name="colour")
    with pytest.raises(InputError) as caught:
        audit(train=TRAIN, holdout=both, synthetic=wide)
    message = str(caught.value)
    assert "differ in shape: train 1x20x20, synthetic 3x20x20" in message
    assert "--channels grey" in message
    assert "both trained on and held out: p0, p1" in message


def test_too_few_patients_are_refused() -> None:
    synthetic = joined(pixels_of(films(3, first=300)))
    with pytest.raises(InputError, match="holdout shows fewer than two patients"):
        audit(train=TRAIN, holdout=HOLDOUT.take([0]), synthetic=synthetic)
    with pytest.raises(InputError, match="training set shows fewer than two patients"):
        audit(train=TRAIN.take([0, 1]), synthetic=synthetic)


def test_the_dar_calibration_without_a_holdout_is_refused() -> None:
    with pytest.raises(InputError, match="needs held-out images"):
        audit(train=TRAIN, synthetic=TRAIN, settings=AuditSettings(method="pearson", calibration="dar"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"fdr": 0.0},
        {"fdr": 1.0},
        {"calibration": "fixed"},
        {"threshold": 0.9},
        {"calibration": "fixed", "threshold": 2.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        AuditSettings(**wrong)  # type: ignore[arg-type]


def test_a_second_audit_finds_its_matches_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    synthetic = joined(pixels_of(films(5, first=300)))
    settings = AuditSettings(method="pearson", n_controls=2, n_draws=2)
    first = audit(train=TRAIN, holdout=HOLDOUT, synthetic=synthetic, settings=settings)

    def planted_only(queries: Blocks, *others: object, **named: object) -> Neighbours:
        if not isinstance(queries, ArrayBlocks):
            raise TypeError("a set is searched again")
        return nearest(queries, *others, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("doppelscan.audit.witnesses.correlated.nearest", planted_only)
    again = audit(train=TRAIN, holdout=HOLDOUT, synthetic=synthetic, settings=settings)
    assert again.to_json() == first.to_json()
    with pytest.raises(TypeError, match="searched again"):
        audit(train=TRAIN, holdout=HOLDOUT, synthetic=HOLDOUT, settings=settings)


def test_an_arm_that_differs_from_the_other_is_noted() -> None:
    elsewhere = ImageSet.from_arrays(
        255 - pixels_of(films(60, first=100, seed=9)), films(60, first=100).table
    )
    findings = audit(
        train=TRAIN,
        holdout=elsewhere,
        synthetic=joined(pixels_of(films(5, first=300))),
        settings=BY_PIXELS,
    )
    assert any("Held-out images and training images differ" in note for note in findings.notes)


def test_what_is_kept_of_a_search_is_not_that_of_other_patients() -> None:
    """Whom the references show decides what a part is worth: the part of one patient's two films is not shared."""
    shown = textures(6)
    shown[1] = shown[0]
    query = ImageSet.from_arrays(shown[:1])

    def parts(patients: list[str]) -> np.ndarray:
        images = ImageSet.from_arrays(shown, pd.DataFrame({"patient": patients}))
        witnesses = (Correlated(), Points())
        alone = References(images, None, Resources(memory=2**28, workers=1), silent, witnesses=witnesses)
        found, _ = alone.found(query, "parts")
        return found[2].scores

    apart, together = parts(list("abcdef")), parts(list("aacdef"))
    assert apart[0, 0] < 0.5 < together[0, 0]
