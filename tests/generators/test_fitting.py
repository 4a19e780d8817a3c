"""A folder's training: begun, refused, changed, broken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from doppelscan.errors import InputError
from doppelscan.generators import Diverged, Drawing, Keeping, Model, amend, fit
from doppelscan.generators.ddpm import objective
from doppelscan.generators.description import Description
from doppelscan.generators.fitting import _way_back
from doppelscan.imagesets import open_images

from .small import QUIET, pictures, settings

EVERY_STEP = Keeping(marks=8, last=1, grid=0, log_steps=1)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="exists and is no model"):
        fit(pictures((1, 8, 8)), settings("ddpm"), out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_the_model_says_what_it_was_fitted_to(tmp_path: Path) -> None:
    images, held = pictures((2, 8, 6)), pictures((2, 8, 6), 4, first=30)
    chosen = settings("ddpm", "conditional=true", "n_images=8")
    fit(images, chosen, out=tmp_path, holdout=held, seed=3, keeping=QUIET)
    about = json.loads((tmp_path / "model.json").read_text())
    assert (about["family"], about["seed"], about["subject"]["shape"]) == ("ddpm", 3, [2, 8, 6])
    assert about["trained_on"]["n_images"] == 12
    assert about["trained_on"]["n_patients"] == 6
    assert about["held_out"]["fingerprint"] == held.pixels.fingerprint
    assert Description.read(tmp_path).settings == chosen
    assert Description.read(tmp_path).label_counts == (6, 6)


def test_other_labels_of_the_same_images_are_another_training(tmp_path: Path) -> None:
    images, chosen = pictures((1, 8, 8)), settings("ddpm", "conditional=true", "n_images=8")
    fit(images, chosen, out=tmp_path / "model", keeping=QUIET)
    mended = replace(images, table=images.table.assign(label=images.table["label"].to_numpy()[::-1]))
    assert sorted(mended.table["label"]) == sorted(images.table["label"])
    with pytest.raises(InputError, match="of other images"):
        fit(mended, chosen, out=tmp_path / "model", keeping=QUIET)
    plain = settings("ddpm", "n_images=8")
    fit(images, plain, out=tmp_path / "plain", keeping=QUIET)
    fit(mended, plain, out=tmp_path / "plain", keeping=QUIET)  # it is not told of labels


def test_a_broken_training_ends_with_its_step_and_goes_on_with_other_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, chosen = pictures((1, 8, 8)), settings("ddpm", "n_images=48")
    whole = objective.loss_of_each

    def breaking(settings: object, networks: object, batch: object, labels: object) -> torch.Tensor:
        loss: torch.Tensor = whole(settings, networks, batch, labels)  # type: ignore[arg-type]
        broken = batch.seen == 32 and settings.learning_rate > 1e-4  # type: ignore[attr-defined]
        return loss * float("nan") if broken else loss

    monkeypatch.setattr(objective, "loss_of_each", breaking)
    with pytest.raises(Diverged, match=r"at step 5 of ddpm; .* holds the model after 32 images; .* --amend"):
        fit(images, chosen, out=tmp_path, keeping=EVERY_STEP)
    slower = settings("ddpm", "n_images=48", "learning_rate=1e-5")
    with pytest.raises(InputError, match="--amend this model"):
        fit(images, slower, out=tmp_path, keeping=EVERY_STEP)
    amend(tmp_path, slower, seed=0)
    model = fit(images, slower, out=tmp_path, keeping=EVERY_STEP)
    (before,) = model.description.amended
    assert (before["seen"], before["settings"]["learning_rate"]) == (32, chosen.learning_rate)
    assert np.isfinite(model.sample([0]).read(0, 1)).all()


def test_without_a_checkpoint_the_way_back_says_so(tmp_path: Path) -> None:
    assert "no checkpoint was written yet" in _way_back(tmp_path)


def test_drawing_that_was_cut_off_goes_on_where_it_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fit(pictures((1, 8, 8)), settings("ddpm", "n_images=8"), out=tmp_path / "m", keeping=QUIET)
    seeds, drawn = range(100, 140), _recorded(monkeypatch)

    class Cut(Exception):
        pass

    def cut(_work: str, done: int, _total: int) -> None:
        if done == 16:
            raise Cut

    with pytest.raises(Cut):
        model.sample_to(seeds, tmp_path / "set", progress=cut)
    assert not (tmp_path / "set").exists()
    heard: list[tuple[str, int, int]] = []
    images = model.sample_to(seeds, tmp_path / "set", progress=lambda *said: heard.append(said))
    assert drawn == [16, 16, 8]  # nothing twice
    assert {name for name, _, _ in heard} == {"drawing"}
    np.testing.assert_array_equal(images.read(0, 40), model.sample(seeds).read(0, 40))
    assert open_images(tmp_path / "set").fingerprint == images.fingerprint


def test_a_kept_checkpoint_can_be_drawn_from(tmp_path: Path) -> None:
    fit(pictures((1, 8, 8)), settings("ddpm"), out=tmp_path, keeping=Keeping(marks=4, every=16, grid=0))
    early, late = Model.open(tmp_path, at=16), Model.open(tmp_path)
    assert (early.checkpoint.seen, late.checkpoint.seen) == (16, 64)
    assert early.fingerprint != late.fingerprint
    options = Drawing(sampler="ddim", steps=2)
    assert not np.array_equal(early.sample([0], options).read(0, 1), late.sample([0], options).read(0, 1))


def _recorded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images each call drew."""
    from doppelscan.generators import drawn_pixels

    whole = drawn_pixels.drawn
    numbers: list[int] = []

    def counting(*arguments: object, **named: object) -> np.ndarray:
        pixels: np.ndarray = whole(*arguments, **named)  # type: ignore[arg-type]
        numbers.append(len(pixels))
        return pixels

    monkeypatch.setattr(drawn_pixels, "drawn", counting)
    return numbers
