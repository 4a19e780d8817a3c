"""What every family of generators promises, on images and volumes of any number of channels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from doppelscan.errors import InputError
from doppelscan.generators import FAMILIES, Drawing, Keeping, Model, family_named, fit
from doppelscan.generators.family import Subject
from doppelscan.generators.learner import Learner

from .small import QUIET, SHAPES, pictures, preset, settings, weights


def _can(family: str, shape: tuple[int, ...]) -> bool:
    kind = family_named(family)
    return len(shape) - 1 in kind.axes and (kind.channels is None or shape[0] in kind.channels)


CASES = [
    pytest.param(family, shape, id=f"{family}, {kind}")
    for family in FAMILIES
    for kind, shape in SHAPES.items()
    if _can(family, shape)
]
EVERY_STEP = Keeping(marks=8, last=1, grid=0, log_steps=1)


class Cut(Exception):
    """Somebody stops the training."""


@pytest.mark.parametrize(("family", "shape"), CASES)
def test_a_model_learns_goes_on_as_if_unbroken_and_draws_by_seed(
    family: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    images, chosen = pictures(shape), settings(family)
    whole = fit(images, chosen, out=tmp_path / "whole", keeping=QUIET)
    _cut_after(3, images, chosen, tmp_path / "broken")
    broken = fit(images, chosen, out=tmp_path / "broken", keeping=EVERY_STEP)
    assert weights(tmp_path / "broken") == weights(tmp_path / "whole")
    assert _curves(tmp_path / "broken") == _curves(tmp_path / "whole")

    drawn = whole.sample([5, 0, 7])
    pixels = drawn.read(0, 3)
    assert pixels.shape == (3, *shape)
    assert pixels.dtype == images.pixels.dtype
    assert pixels.min() >= images.read(0, 12).min()
    assert pixels.max() <= images.read(0, 12).max()
    assert list(drawn.table["id"]) == ["00000005", "00000000", "00000007"]
    assert not np.array_equal(pixels[0], pixels[1])
    alone = broken.sample([0])
    np.testing.assert_array_equal(alone.read(0, 1)[0], pixels[1])
    assert alone.table["generator"][0] == drawn.table["generator"][0]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_loss_falls(family: str, tmp_path: Path) -> None:
    stages = family_named(family).stages
    fit(pictures((1, 12, 9)), settings(family, "n_images=480"), out=tmp_path, keeping=QUIET)
    for stage in stages:
        if stage.validation is None:  # an adversary's loss need not fall
            continue
        player = next(iter(stage.players(settings(family))))
        losses = [line[player] for line in _curves(tmp_path) if line["stage"] == stage.name]
        assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:5])  # single steps vary by their noise


@pytest.mark.parametrize("family", FAMILIES)
def test_a_conditional_model_draws_the_label_that_is_asked_for(family: str, tmp_path: Path) -> None:
    model = fit(
        pictures((1, 8, 8)), settings(family, "conditional=true", "n_images=8"), out=tmp_path, keeping=QUIET
    )
    assert model.description.subject.labels == ("high", "low")
    assert set(model.sample(range(4), Drawing(label="low")).table["label"]) == {"low"}
    mixed = model.sample(range(20)).table["label"]
    assert set(mixed) == {"low", "high"}
    assert mixed[7] == model.sample([7]).table["label"][0]
    with pytest.raises(InputError, match=r"'dark' is no label of the model \(one of high, low\)"):
        model.sample([0], Drawing(label="dark"))
    with pytest.raises(InputError, match="no image has a label"):
        fit(pictures((1, 8, 8), labels=False), settings(family, "conditional=true"), out=tmp_path / "other")


@pytest.mark.parametrize("family", FAMILIES)
def test_images_of_other_channels_are_refused(family: str, tmp_path: Path) -> None:
    chosen = settings(family, "n_images=8")
    fit(pictures((1, 8, 8)), chosen, out=tmp_path, keeping=QUIET)
    with pytest.raises(InputError, match="holds a model of other images"):
        fit(pictures((3, 8, 8)), chosen, out=tmp_path)
    with pytest.raises(InputError, match=r"images of \(3, 8, 8\), not \(1, 8, 8\)"):
        fit(pictures((1, 8, 8)), chosen, holdout=pictures((3, 8, 8), first=50), out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_finished_model_is_opened_and_not_trained(family: str, tmp_path: Path) -> None:
    images, chosen = pictures((1, 8, 8)), settings(family, "n_images=8")
    first = fit(images, chosen, out=tmp_path, keeping=QUIET)
    before = weights(tmp_path)
    work: list[str] = []
    again = fit(images, chosen, out=tmp_path, progress=lambda name, done, total: work.append(name))
    assert not work
    assert weights(tmp_path) == before
    assert again.fingerprint == first.fingerprint == Model.open(tmp_path).fingerprint


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["tiny", "base"])
def test_every_preset_has_networks_for_every_image_that_its_family_takes(family: str, name: str) -> None:
    kind = family_named(family)
    assert {"tiny", "base"} <= set(kind.presets)
    if name == "tiny":
        for shape in [(2, 64, 48), (3, 64, 48), (2, 16, 24, 16)]:
            if _can(family, shape):
                Learner.new(kind, 0, preset(family, name), Subject(shape), seed=0, device=_cpu())
    assert kind.stages[0].training(kind.presets[name]).n_steps > 100


def _cut_after(steps: int, images: object, chosen: object, out: Path) -> None:
    """A training that ends after so many steps."""

    def cut(_work: str, done: int, _total: int) -> None:
        if done >= 8 * steps:
            raise Cut

    with pytest.raises(Cut):
        fit(images, chosen, out=out, keeping=EVERY_STEP, progress=cut)  # type: ignore[arg-type]


def _curves(model: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (model / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "steps a second"} for line in lines]


def _cpu() -> object:
    import torch

    return torch.device("cpu")
