"""The benchmark of copies plants what it says, counts it rightly, and its baselines are what their papers say."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import ndimage
from torch import nn

import copies
from cohorts import films, pixels_of
from copying import methods
from copying.autoencoder import SMALL_AUTOENCODER, Reconstruction
from copying.lesions import lesion
from copying.sets import SETS, Cohort, cohort, fewer
from doppelscan.encoders.contrastive import ContrastiveSettings
from doppelscan.generators.recipe import Training
from doppelscan.images.parts import PARTS
from doppelscan.images.transforms import HARD, STANDARD
from doppelscan.seeds import stream
from realdata import real_data
from textures import textures

every_method = pytest.mark.parametrize("method", methods.BASELINES)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def images() -> Cohort:
    train, held = films(40, side=32, each=2), films(30, side=32, first=100)
    compared = pixels_of(films(20, first=200))
    return Cohort(pixels_of(train), train.patients, pixels_of(held), held.patients + 1000, compared)


@pytest.fixture(scope="module")
def queries(images: Cohort) -> copies.Planted:
    return copies.planted(images, copies.USUAL, 20)


def test_every_change_is_planted_in_both_arms(images: Cohort, queries: copies.Planted) -> None:
    facts = queries.facts
    assert len(queries.pixels) == len(facts)
    for listed, changes in {"standard": STANDARD, "hard": HARD, "parts": PARTS}.items():
        counted = facts[facts["list"] == listed].groupby(["change", "copy"]).size()
        assert counted.to_dict() == {(change.name, copy): 20 for change in changes for copy in (True, False)}
    assert set(facts.loc[facts["copy"], "patient"]) <= set(images.train_patient)
    assert set(facts.loc[~facts["copy"], "patient"]) <= set(images.held_patient)
    assert (facts["source"] >= 0).eq(facts["copy"]).all()


def test_exact_copies_are_the_sources_themselves(images: Cohort, queries: copies.Planted) -> None:
    exact = (queries.facts["change"] == "exact") & queries.facts["copy"]
    np.testing.assert_array_equal(queries.pixels[exact], images.train[queries.facts.loc[exact, "source"]])


def test_as_many_patients_as_there_are_are_drawn_before_any_twice() -> None:
    patient = np.repeat(np.arange(10), 4)
    assert len(set(patient[copies.drawn(patient, 10)])) == 10
    assert np.bincount(patient[copies.drawn(patient, 20)]).tolist() == [2] * 10
    assert len(copies.drawn(patient, 100)) == 40


@every_method
def test_a_copycat_is_caught_and_named_and_a_fresh_film_is_not(method: str, images: Cohort) -> None:
    score, best = methods.METHODS[method](images, np.concatenate([images.train[:20], images.held[:20]]))
    assert score.shape == best.shape == (40,)
    np.testing.assert_array_equal(best[:20], np.arange(20))
    assert score[:20].min() > score[20:].max()


@every_method
@pytest.mark.parametrize("shape", [(3, 24, 40), (1, 16, 12, 20)], ids=str)
def test_methods_take_colours_and_volumes(method: str, shape: tuple[int, ...]) -> None:
    pixels = stream(0).integers(0, 256, (45, *shape)).astype(np.uint8)
    images = Cohort(pixels[:25], np.arange(25), pixels[:0], np.arange(0), pixels[25:])
    _, best = methods.METHODS[method](images, pixels[5:8])
    assert best.tolist() == [5, 6, 7]


def test_a_mirrored_copy_is_found_with_flips_only(images: Cohort) -> None:
    mirrored = np.ascontiguousarray(images.train[:10, :, :, ::-1])
    score, best = methods.pearson_flips(images, mirrored)
    np.testing.assert_allclose(score, 1)
    assert best.tolist() == list(range(10))
    assert methods.pearson(images, mirrored)[0].max() < 0.99


def test_pretrained_encoders_are_methods_by_the_names_of_their_files(images: Cohort, tmp_path: Path) -> None:
    file = tmp_path / "network.torchscript.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(nn.Sequential(nn.AvgPool2d(20), nn.Flatten())), str(file))
    chosen = copies.chosen(["Pearson"], [str(file)])
    assert list(chosen) == ["Pearson", "network.torchscript.pt"]
    score, best = chosen[file.name](images, images.train[:10])
    np.testing.assert_allclose(score, 1, atol=1e-6)
    assert best.tolist() == list(range(10))


def test_parts_are_outlined_where_they_lie_if_their_source_is_named() -> None:
    train, held = (textures(4, (1, 112, 112), seed=seed) for seed in (0, 1))
    few = Cohort(train, np.arange(4), held, np.arange(4) + 9, held[:0])
    queries = copies.planted(few, {"standard": STANDARD[:1], "parts": PARTS[:1]}, 3)
    source = queries.facts["source"].to_numpy()
    found = copies.overlaps(train, source, (source >= 0) & (source != source[-4]), queries)
    partial = (queries.facts["list"] == "parts") & queries.facts["copy"]
    assert np.isnan(found[~partial]).all()
    assert sorted(found[partial] > 0.5) == [False, True, True]
    assert found[partial].min() == 0


def test_a_lesion_is_outlined_and_planted_and_a_slice_without_one_is_left_out() -> None:
    y, x = np.mgrid[:96, :96] - 48
    head = np.where(np.hypot(x, y) < 40, 80, 0) + stream(0, "brain").normal(0, 3, (6, 96, 96))
    mass = np.hypot(x - 10, y - 6) < 8
    head[:3] += 60 * mass
    slices = np.clip(head, 0, 255).astype(np.uint8)[:, None]
    found = lesion(slices[0, 0])
    assert found is not None
    assert (found & mass).sum() / (found | mass).sum() > 0.6
    assert lesion(slices[4, 0]) is None
    few = Cohort(slices[:5], np.arange(5), slices[3:], np.arange(3) + 9, slices[:0])
    queries = copies.planted(few, {"lesions": copies.LISTS["lesions"]}, 5)
    assert sorted(queries.facts["source"]) == [0, 1, 2]
    for pixels, region in zip(queries.pixels, queries.regions, strict=True):
        assert pixels[0][ndimage.binary_erosion(region, iterations=4)].min() > 110
        assert pixels[0][~region].max() < 110


def test_reconstructions_are_of_an_autoencoder_of_the_training_images_alone(
    images: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = replace(SMALL_AUTOENCODER.autoencoder, training=Training(n_images=320, batch=8), channels=(4, 8))
    settings = replace(SMALL_AUTOENCODER, autoencoder=tiny)
    change = Reconstruction.of(images.train, settings)
    again = Reconstruction.of(images.train, settings)
    film = images.held[0]
    reconstructed = change(film)
    assert (reconstructed.shape, reconstructed.dtype) == (film.shape, film.dtype)
    np.testing.assert_array_equal(again(film), reconstructed)
    assert again.model.folder == change.model.folder
    assert not np.array_equal(reconstructed, film)
    assert np.corrcoef(reconstructed.ravel(), film.ravel())[0, 1] > 0.3
    monkeypatch.setattr(copies, "Reconstruction", type("Known", (), {"of": staticmethod(lambda _: change)}))
    lists = copies.changes(images, ["standard", "hard"], autoencoder=True)
    assert [one.name for one in lists["hard"]] == [*(one.name for one in HARD), "autoencoder"]
    assert copies.changes(images, ["hard"], autoencoder=False) == {"hard": HARD}


def test_fewer_training_images_are_of_whole_patients() -> None:
    patient = np.repeat(np.arange(30), np.arange(30) % 4 + 1)
    pixels = np.arange(len(patient))[:, None, None, None]
    whole = Cohort(pixels, patient, pixels[:0], patient[:0], pixels[:0])
    few = fewer(whole, 20)
    assert 16 < len(few.train) <= 20
    assert all(np.isin(few.train_patient, n).sum() == (patient == n).sum() for n in set(few.train_patient))
    np.testing.assert_array_equal(patient[few.train.ravel()], few.train_patient)


def test_dar_is_paper_b_s_encoder_made_small(images: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = ContrastiveSettings(preset="dar").recipe(2)
    assert replace(methods.DAR.recipe(2), epochs=paper.epochs) == paper
    monkeypatch.setattr(methods, "DAR", replace(methods.DAR, epochs=1))
    monkeypatch.setattr(methods, "SMALL", 16)
    few = replace(images, train=images.train[:8], train_patient=images.train_patient[:8])
    score, best = methods.dar(few, images.train[:4])
    np.testing.assert_allclose(score, 1, atol=1e-6)
    assert best.tolist() == [0, 1, 2, 3]


def test_the_tiled_distance_agrees_with_loops() -> None:
    train, queries = (stream(0, name).integers(0, 256, (6, 2, 16, 20)).astype(np.uint8) for name in "tq")
    images = Cohort(train, np.arange(6), train[:0], np.arange(0), train[:0])
    score, best = methods.tiled_l2(images, queries)
    for query, found, which in zip(queries / 255, score, best, strict=True):
        distances = [
            max(
                np.sqrt(np.mean((query - image)[:, r : r + 4, c : c + 5] ** 2))
                for r in range(0, 16, 4)
                for c in range(0, 20, 5)
            )
            for image in train / 255
        ]
        assert -found == pytest.approx(min(distances), rel=1e-4)
        assert which == np.argmin(distances)


def test_structural_similarity_agrees_with_loops() -> None:
    x, y = (stream(0, name).integers(0, 256, (1, 12, 12)).astype(np.float32) for name in "xy")
    padded = [np.pad(image[0], 3, mode="symmetric").astype(float) for image in (x, y)]
    values = []
    for r in range(12):
        for c in range(12):
            a, b = (image[r : r + 7, c : c + 7] for image in padded)
            covariance = np.mean(a * b) - a.mean() * b.mean()
            c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
            bright = (2 * a.mean() * b.mean() + c1) / (a.mean() ** 2 + b.mean() ** 2 + c1)
            values.append(bright * (2 * covariance + c2) / (a.var() + b.var() + c2))
    assert methods._ssim(x, y[None])[0] == pytest.approx(np.mean(values), rel=1e-3)


def test_a_perfect_and_a_blind_score_are_counted_so(images: Cohort, queries: copies.Planted) -> None:
    copy = queries.facts["copy"]
    rows = queries.facts.assign(score=copy.astype(float), named=copy, overlap=0.6).reset_index()
    perfect = copies.estimates(rows[rows["list"] == "parts"], copies.ALL)
    assert [perfect[name].value for name in copies.MEASURES] == [1, 1, 1, 1, 1]
    perfect = copies.estimates(rows[rows["list"] == "hard"].assign(overlap=np.nan), copies.ALL)
    assert [perfect[name].value for name in copies.MEASURES[:4]] == [1, 1, 1, 1]
    assert not perfect["outlined"].known
    blind = copies.estimates(rows.assign(score=0.0, named=False), "flip")
    assert [blind[name].value for name in copies.MEASURES] == [0, 0, 0.5, 0, 0]
    assert (perfect["named"].n, blind["named"].n) == (20 * len(HARD), 20)


def test_identical_images_of_two_names_are_both_the_source() -> None:
    train = np.stack([np.full((1, 2, 2), level) for level in (1, 2, 1)])
    facts = pd.DataFrame({"source": [0, 0, 0, -1]})
    assert copies.named(train, np.array([0, 2, 1, 0]), facts) == [True, True, False, False]


def test_tables_hold_every_list_method_and_number(images: Cohort, tmp_path: Path) -> None:
    lists = copies.changes(images, ["standard", "parts"], autoencoder=True)
    queries = copies.planted(images, lists, 4)
    chosen = copies.chosen(["Pearson", "hash"], [])
    rows = [row for method in chosen.items() for row in copies.measured(images, queries, *method)]
    copies.write(pd.DataFrame(rows), images, "films", tmp_path / "copies")
    text = (tmp_path / "copies.md").read_text()
    for line in ("| standard | Pearson | hash |", "| exact | 1.00 / 1.00 / 1.000 / 1.00 |", "| seconds |"):
        assert line in text
    flat = pd.read_csv(tmp_path / "copies.csv")
    assert len(flat) == 2 * (len(STANDARD) + len(PARTS) + 2)
    assert (flat["at 1%, low"] <= flat["at 1%, value"]).all()


@pytest.mark.parametrize("name", ["skin", pytest.param("hippocampus", marks=pytest.mark.slow)])
def test_parts_of_a_set_and_its_halves_share_no_patient(name: str) -> None:
    data = real_data("skin").parent
    seen = [cohort(name, part, data) for part in ("tune", "report")]
    assert {pixels.dtype for one in seen for pixels in (one.train, one.held)} == {np.dtype("uint8")}
    halves = [
        {image.tobytes() for image in pixels}
        for one in seen
        for pixels in (one.train, one.held, one.compared)
    ]
    assert len(SETS[name](data)) - 3 <= sum(map(len, halves)) <= len(SETS[name](data))
    for train, held, compared in (halves[:3], halves[3:]):
        assert not train & (held | compared)
    for one in seen:
        assert not set(one.train_patient) & set(one.held_patient)
