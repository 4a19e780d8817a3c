"""`doppelscan train` and `doppelscan sample` as a user calls them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calling import bytes_of, call, write_films
from cohorts import films
from doppelscan.generators.registry import FAMILIES
from doppelscan.imagesets import open_images

SMALL = [
    *("--set", "n_images=16", "--set", "batch=8", "--set", "channels=8,16", "--set", "attention=false,true"),
    *("--set", "head_channels=8", "--set", "steps=20", "--set", "sampler_steps=2"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of films of 16 px."""
    folder = tmp_path_factory.mktemp("models")
    source = write_films(folder / "films", films(8, each=2))
    options = ("--images", source, "--size", 16, "--out", folder / "model", *SMALL)
    done = call("train", "ddpm", *options)
    assert (done.code, done.out) == (0, f"{folder / 'model'}: ddpm after 16 images\n")
    before = bytes_of(folder / "model" / "checkpoints")
    assert call("train", "ddpm", *options).code == 0
    assert bytes_of(folder / "model" / "checkpoints") == before
    return folder / "model"


def test_images_are_drawn_one_a_seed_and_the_same_in_parts(model: Path, tmp_path: Path) -> None:
    done = call("sample", model, "--seeds", "0-17", "--out", tmp_path / "all")
    assert done.code == 0
    assert done.out.startswith(f"{tmp_path / 'all'}: 18 images, ")
    whole = open_images(tmp_path / "all")
    assert whole.shape == (1, 16, 16)
    assert list(whole.table["id"]) == [f"{seed:08d}" for seed in range(18)]
    assert list(whole.table["seed"]) == list(range(18))
    before = bytes_of(tmp_path / "all")
    assert call("sample", model, "--seeds", "0-17", "--out", tmp_path / "all").code == 0
    assert bytes_of(tmp_path / "all") == before
    assert call("sample", model, "--seeds", "17", "--out", tmp_path / "part").code == 0
    np.testing.assert_array_equal(open_images(tmp_path / "part").read(0, 1)[0], whole.read(17, 18)[0])


def test_what_cannot_be_trained_is_refused(model: Path, tmp_path: Path) -> None:
    options = ("--images", model, "--out", tmp_path / "new")
    assert (
        f"'ddqm' is no family (did you mean ddpm? one of {', '.join(FAMILIES)})"
        in call("train", "ddqm", *options).err
    )
    assert (
        "'huge' is no preset of ddpm (one of tiny, base, akbar)"
        in call("train", "ddpm", *options, "--preset", "huge").err
    )
    said = call("train", "ddpm", *options, "--set", "batsh=3").err
    assert "'batsh' is no setting (did you mean training.batch? one of " in said
    films_of_it = ("--images", model.parent / "films", "--size", 16)
    other = call("train", "ddpm", *films_of_it, "--out", model, *SMALL, "--seed", 1)
    assert (other.code, "holds a model of other images, settings or seed" in other.err) == (2, True)


def test_what_cannot_be_drawn_is_refused(model: Path, tmp_path: Path) -> None:
    def refused(*options: object) -> str:
        done = call("sample", *options, "--out", tmp_path / "set")
        assert done.code == 2
        assert not (tmp_path / "set").exists()
        return done.err

    told = refused(model, "--seeds", "0-3", "--label", "LEFT", "--truncation", 0.5)
    assert "'LEFT' is no label of the model (this model is unconditional)" in told
    assert "ddpm knows no truncation" in told
    assert "there is no such checkpoint (one of 8, 16)" in refused(model, "--seeds", "0", "--at", 99)
    assert "cannot be read" in refused(tmp_path / "nowhere", "--seeds", "0")
    assert "'euler' is no sampler" in refused(model, "--seeds", "0", "--sampler", "euler")


def test_a_training_that_is_watched_says_when_to_stop(tmp_path: Path) -> None:
    source = write_films(tmp_path / "films", films(8, each=2))
    options = ("--images", source, "--size", 16, "--out", tmp_path / "model", *SMALL)
    watched = call("train", "ddpm", *options, "--watch-memorization", "--most-copied", 1)
    assert watched.code == 0, watched.err
    assert "of the samples copy: after " in watched.out
    assert "draw with `sample --at " in watched.out
    assert (tmp_path / "model/memorization.png").is_file()
    assert (tmp_path / "model/memorization.jsonl").read_text().count("\n") == 2  # two steps, each a mark


def test_samples_are_kept_apart_and_copies_avoided(model: Path, tmp_path: Path) -> None:
    sets = (
        "--train",
        model.parent / "films",
        "--holdout",
        write_films(tmp_path / "held", films(9, first=70)),
    )
    free = call("sample", model, "--seeds", "0-9", "--out", tmp_path / "free")
    led = call("sample", model, "--seeds", "0-9", "--out", tmp_path / "led", "--keep-apart", *sets)
    assert (free.code, led.code) == (0, 0), led.err
    how = ("--avoid-copies", "--method", "pearson", *sets)
    kept = call("sample", model, "--seeds", "0-9", "--out", tmp_path / "kept", *how)
    assert kept.code == 0, kept.err
    assert "discarded and named in discarded.parquet" in kept.out
    assert set(open_images(tmp_path / "kept").table["seed"]) <= set(range(10))


def test_what_keeps_copies_away_asks_for_the_real_images(model: Path, tmp_path: Path) -> None:
    refused = call("sample", model, "--seeds", "0", "--out", tmp_path / "out", "--keep-apart")
    assert refused.code == 2
    assert "--train SET" in refused.err
    assert "--holdout SET" in refused.err
