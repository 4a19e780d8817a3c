"""A whole measurement: what it says of copies, blurred and fresh films, in 2D and 3D; resumed, repeated, refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from cohorts import films, joined, noisy_copies
from doppelscan.encoders.contrastive import ContrastiveSettings, fit
from doppelscan.errors import InputError
from doppelscan.findings.quality import Quality, read_quality
from doppelscan.imagesets import ImageSet
from doppelscan.quality import QualitySettings, eyes, measured, quality
from doppelscan.quality.inception_score import inception_score
from doppelscan.quality.traits import TRAITS
from doppelscan.settings import Resources
from doppelscan.store import Cache
from textures import textures

from .fakes import FakeInception

QUICK = QualitySettings(encoder="pixels", n_draws=6, n_pairs=10)
RESOURCES = Resources(memory=2**28, workers=1, device="cpu")
ROOT = Path(__file__).parents[2]


def found(real: ImageSet, synthetic: ImageSet, holdout: ImageSet | None = None, **changes: object) -> Quality:
    how = replace(QUICK, **changes)
    return quality(real=real, synthetic=synthetic, holdout=holdout, settings=how, resources=RESOURCES)


@pytest.fixture(scope="module")
def real() -> ImageSet:
    return films(30, each=2)


@pytest.fixture(scope="module")
def held() -> ImageSet:
    return films(20, first=100)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> list[ImageSet]:
    """The images that encoders learn from; training is short."""
    seen = []

    def briefly(images: ImageSet, settings: ContrastiveSettings, **how: object) -> object:
        seen.append(images)
        return fit(images, replace(settings, side=16, batch=20, epochs=1), seed=0, resources=RESOURCES)

    monkeypatch.setattr(eyes, "fitted", briefly)
    return seen


def test_every_number_is_there_once_and_within_its_range(real: ImageSet, held: ImageSet) -> None:
    said = found(real, films(25, first=300), held)
    names = [one.name for one in (*said.fidelity, *said.memorization)]
    assert sorted(names) == sorted(TRAITS)
    for one in (*said.fidelity, *said.memorization):
        trait = TRAITS[one.name]
        if not one.absent:
            assert trait.least <= one.value.low <= one.value.value <= one.value.high <= trait.most, one.name
    assert [one.name for one in said.fidelity if one.absent] == ["is"]
    assert (said.n_real, said.n_real_patients, said.n_synthetic, said.n_holdout_patients) == (60, 30, 25, 20)


def test_copies_look_better_than_fresh_films_and_are_seen_where_there_are_held_out_ones(
    real: ImageSet, held: ImageSet
) -> None:
    fresh = found(real, films(40, first=300), held)
    copies = found(real, joined(noisy_copies(real, list(range(0, 60, 2)) + list(range(1, 20, 2)))), held)
    assert copies["fid"].value.value < fresh["fid"].value.value
    assert copies["precision"].value.value >= fresh["precision"].value.value
    assert copies["ct"].value.high < fresh["ct"].value.low
    assert copies["nearer"].value.low > 0.8
    assert copies["authenticity"].value.value < 0.5 < fresh["authenticity"].value.value
    (test,), (of_copies,) = fresh.two_sample, copies.two_sample
    assert of_copies.p_value < 0.005 < test.p_value
    assert of_copies.share.low > 0.6
    assert any("Audit it" in note or "remembers" in note for note in copies.notes)
    assert not any("remembers" in note for note in fresh.notes)


def test_without_held_out_images_what_needs_them_says_so(real: ImageSet) -> None:
    said = found(real, films(20, first=300))
    assert said.two_sample == ()
    assert {one.name for one in said.memorization if one.absent} == {"ct", "nearer"}
    assert all("--holdout" in one.absent for one in said.memorization if one.absent)


def test_the_encoder_learns_from_patients_who_are_not_measured(
    real: ImageSet, held: ImageSet, brief: list[ImageSet]
) -> None:
    done = measured(
        real=real,
        synthetic=films(20, first=300),
        holdout=held,
        settings=replace(QUICK, encoder="contrastive"),
        resources=RESOURCES,
    )
    said = done.run.quality
    (learnt,) = brief
    assert (len(learnt), said.n_real, said.n_real_patients) == (20, 40, 20)
    assert not set(learnt.table["patient"]) & set(done.run.samples["nearest_patient"])
    assert [test.space for test in said.two_sample] == ["pixels", "contrastive"]
    assert any("20 real images of 10 patients" in note for note in said.notes)


@pytest.mark.parametrize("shape", [(1, 8, 8), (2, 8, 8)])
def test_inception_gives_features_and_the_inception_score_of_its_classes(
    shape: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eyes, "inception", lambda *given, **how: FakeInception())
    (tmp_path / "weights.pth").write_bytes(b"")
    real, drawn = (ImageSet.from_arrays(textures(12, shape, seed)) for seed in (0, 1))
    said = found(real, drawn, encoder=str(tmp_path / "weights.pth"))
    logits = FakeInception().outputs(drawn.read(0, 12)).logits
    expected = np.mean([inception_score(logits[:, view]) for view in range(logits.shape[1])])
    assert said["is"].value.value == pytest.approx(expected, rel=1e-6)
    assert said["is"].perfect.known
    assert (said.encoder, said.n_numbers) == ("weights.pth", 2048 * logits.shape[1])
    assert not any("another encoder than Inception" in note for note in said.notes)


def test_with_few_patients_the_encoder_learns_from_all(brief: list[ImageSet]) -> None:
    assert found(films(4), films(5, first=50), encoder="contrastive").n_real == 4
    assert len(brief[0]) == 4


def test_vectors_made_before_are_not_made_again(real: ImageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    synthetic = films(12, first=300)
    first = found(real, synthetic)
    assert list((Cache.default().root / "vectors").iterdir())

    def again(eye: object, pixels: np.ndarray) -> np.ndarray:
        raise AssertionError("it was made before")

    monkeypatch.setattr(eyes.SmallPixels, "vectors", again)
    assert found(real, synthetic) == first


@pytest.mark.parametrize(
    "shape",
    [(1, 12, 13, 9), (2, 30, 17), (3, 16, 16), (1, 3, 40)],
    ids=["3D", "two channels", "colour", "narrow"],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_images_of_any_form_are_measured(shape: tuple[int, ...], dtype: str) -> None:
    pixels = textures(18, shape)
    scaled = pixels if dtype == "uint8" else (pixels.astype(dtype) * 3 - (20 if dtype == "float32" else 0))
    sets = [ImageSet.from_arrays(part.astype(dtype)) for part in np.split(scaled, 3)]
    said = found(*sets, n_draws=3)
    assert np.isfinite(said["fid"].value.value)
    assert 0 <= said["ms_ssim"].value.value <= 1
    assert said.two_sample[0].p_value > 0


def test_few_constant_and_equal_images_break_nothing() -> None:
    one = ImageSet.from_arrays(np.zeros((1, 1, 8, 8), np.uint8))
    same = ImageSet.from_arrays(np.full((5, 1, 8, 8), 9, np.uint8))
    for real, synthetic in ((one, same), (same, one), (one, one), (same, same)):
        said = found(real, synthetic, n_draws=3)
        assert said["fid"].value.value >= 0
        assert np.isnan(said["ms_ssim"].value.value) or said["ms_ssim"].value.value <= 1


def test_a_run_is_written_and_read_again(real: ImageSet, held: ImageSet, tmp_path: Path) -> None:
    done = measured(
        real=real,
        synthetic=films(12, first=300),
        holdout=held,
        settings=QUICK,
        out=tmp_path / "run",
        resources=RESOURCES,
    )
    run = read_quality(tmp_path / "run")
    assert run.quality == done.run.quality
    schema = Path(__file__).parents[2] / "docs/schemas/run-1.schema.json"
    jsonschema.validate(dict(run.record), json.loads(schema.read_text()))
    assert run.record["settings"] == QUICK.to_json()
    assert set(run.record["sets"]) == {"real", "synthetic", "holdout"}
    assert run.record["sets"]["real"]["fingerprint"] == done.sets.real.fingerprint
    assert len(run.samples) == 12
    assert run.samples["real_like"].mean() == pytest.approx(run.quality["precision"].value.value)
    assert run.samples["authentic"].mean() == pytest.approx(run.quality["authenticity"].value.value)
    assert run.samples["density"].mean() == pytest.approx(run.quality["density"].value.value)


def test_the_same_call_gives_the_same_whatever_the_memory(real: ImageSet, held: ImageSet) -> None:
    synthetic = films(12, first=300)
    first = found(real, synthetic, held)
    again = quality(
        real=real,
        synthetic=synthetic,
        holdout=held,
        settings=QUICK,
        resources=replace(RESOURCES, memory=2**22),
    )
    assert first == again


def test_everything_wrong_is_said_at_once(real: ImageSet, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        found(real, films(5, side=16), films(3), encoder=str(tmp_path / "none"))
    assert "none" in str(error.value)
    with pytest.raises(InputError) as error:
        found(real, films(5, side=16), films(3))
    assert "differ in shape" in str(error.value)
    assert "both trained on and held out" in str(error.value)
    with pytest.raises(InputError) as error:
        replace(QUICK, n_draws=1, n_pairs=0)
    assert len(error.value.problems) == 2
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is no folder"):
        quality(real=real, synthetic=real, out=tmp_path / "file")


def test_volumes_are_refused_by_pretrained_encoders(tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(b"")
    volumes = ImageSet.from_arrays(textures(4, (1, 8, 8, 8)))
    with pytest.raises(InputError, match="see only flat ones"):
        found(volumes, volumes, encoder=str(tmp_path / "weights.pth"))


def test_images_that_name_no_patient_and_could_not_be_read_are_noted(real: ImageSet) -> None:
    unnamed = replace(real, table=real.table.assign(patient=None))
    said = found(unnamed, films(8, first=300))
    assert not said.patients_known
    assert said.n_real_patients == 60
    assert any("60 real images name no patient" in note for note in said.notes)


def test_the_interval_of_ct_is_that_of_a_score_of_unit_deviation_in_several_cells() -> None:
    rng = np.random.default_rng(0)
    train, drawn, held = (
        ImageSet.from_arrays(
            (rng.normal(size=(n, 1, 2, 2)) + 9 * rng.integers(2, size=(n, 1, 1, 1))).astype("f4")
        )
        for n in (150, 120, 120)
    )
    said = found(train, drawn, held, n_draws=30)["ct"].value
    assert 1.0 < said.high - said.low < 9.0
