"""A model of two stages: the second learns from what the first one makes of images."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from doppelscan.generators import FAMILIES, Keeping, Model, fit
from doppelscan.generators.family import Batch, Draw, Family, Networks, Player, Stage, Subject, Turn
from doppelscan.generators.recipe import Training

from .small import pictures, weights

EVERY_STEP = Keeping(marks=4, last=1, grid=4, log_steps=1)


@dataclass(frozen=True)
class TwoSettings:
    first: Training
    second: Training
    conditional: bool = False


class Number(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.randn(()))
        self.register_buffer("scale", torch.ones(()))


SEEN: list[torch.Tensor] = []


def _first(_settings: TwoSettings, networks: Networks, batch: Batch) -> Iterator[Turn]:
    yield Turn("mean", (batch.images.mean() - networks["mean"].value).square())


def _second(_settings: TwoSettings, networks: Networks, batch: Batch) -> Iterator[Turn]:
    assert not networks["mean"].value.requires_grad
    SEEN.append(batch.images)
    target = batch.images.square().mean() / networks["spread"].scale
    yield Turn("spread", (target - networks["spread"].value + 0.01 * torch.randn(())).square())


def _latents(_settings: TwoSettings, networks: Networks, images: torch.Tensor) -> torch.Tensor:
    return images.flatten(2).mean(2, keepdim=True)[..., None] - networks["mean"].value


def _measure(_settings: TwoSettings, networks: Networks, latents: Iterator[torch.Tensor]) -> None:
    networks["spread"].scale.fill_(float(torch.cat(list(latents)).square().mean()))


def _draw(_settings: TwoSettings, networks: Networks, subject: Subject, asked: Draw) -> torch.Tensor:
    assert set(networks) == {"mean", "spread"}
    return networks["mean"].value + networks["spread"].value * asked.noise.normal(*subject.shape)


FAMILY = Family(
    name="two",
    presets={"tiny": TwoSettings(Training(n_images=32, batch=8), Training(n_images=32, batch=8))},
    stages=(
        Stage(
            "first",
            lambda settings: settings.first,
            lambda settings, subject: {"mean": Number()},
            lambda settings: {"mean": Player(("mean",), 0.1)},
            _first,
            averaged=("mean",),
        ),
        Stage(
            "second",
            lambda settings: settings.second,
            lambda settings, subject: {"spread": Number()},
            lambda settings: {"spread": Player(("spread",), 0.1)},
            _second,
            averaged=("spread",),
            validation=lambda settings, networks, batch: batch.images.flatten(1).mean(1).square(),
            examples=_latents,
            begin=_measure,
        ),
    ),
    draw=_draw,
)


class Cut(Exception):
    """Somebody stops the training."""


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "two", __name__)
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    SEEN.clear()


@pytest.mark.parametrize(("stage", "done"), [("first", 16), ("first", 32), ("second", 16)])
def test_a_training_that_was_cut_off_in_any_stage_goes_on_as_if_unbroken(
    stage: str, done: int, tmp_path: Path
) -> None:
    images, chosen = pictures((2, 4, 6)), FAMILY.presets["tiny"]

    def cut(work: str, now: int, _total: int) -> None:
        if work == f"training {stage}" and now >= done:
            raise Cut

    whole = fit(images, chosen, out=tmp_path / "whole", keeping=EVERY_STEP)
    with pytest.raises(Cut):
        fit(images, chosen, out=tmp_path / "cut", keeping=EVERY_STEP, progress=cut)
    fit(images, chosen, out=tmp_path / "cut", keeping=EVERY_STEP)
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    assert len((tmp_path / "cut/metrics.jsonl").read_text().splitlines()) == 8
    assert [path.name for path in sorted((tmp_path / "whole/checkpoints").iterdir())] == [
        "0-000000000032",
        "1-000000000032",
    ]
    assert len(list((tmp_path / "whole/samples").iterdir())) == 4  # of the last stage
    assert whole.sample([1]).read(0, 1).shape == (1, 2, 4, 6)


def test_latents_are_made_once_and_their_scale_is_measured(tmp_path: Path) -> None:
    images = pictures((2, 4, 6))
    model = fit(images, FAMILY.presets["tiny"], out=tmp_path, holdout=pictures((2, 4, 6), first=40))
    ranges, mean = model.description.intensities, model.networks["mean"].value
    latents = ranges.scaled(images.read(0, 12)).flatten(2).mean(2) - mean
    assert {batch.shape for batch in SEEN} == {(8, 2, 1, 1)}
    for batch in SEEN:
        for latent in batch[:, :, 0, 0]:
            assert float((latents - latent).abs().sum(1).min()) < 1e-5
    assert float(model.networks["spread"].scale) == pytest.approx(float(latents.square().mean()), rel=1e-4)
    assert "gap" in (tmp_path / "metrics.jsonl").read_text()


def test_the_scale_is_that_of_all_images_even_where_they_are_augmented(tmp_path: Path) -> None:
    chosen = TwoSettings(Training(n_images=8, batch=8), Training(n_images=8, batch=8, augmentation="dar"))
    images = pictures((1, 4, 6), 300)
    model = fit(images, chosen, out=tmp_path, keeping=EVERY_STEP)
    ranges, mean = model.description.intensities, model.networks["mean"].value
    latents = ranges.scaled(images.read(0, 300)).flatten(2).mean(2) - mean
    assert float(model.networks["spread"].scale) == pytest.approx(float(latents.square().mean()), rel=1e-4)


def test_augmented_images_are_encoded_anew_at_each_step(tmp_path: Path) -> None:
    chosen = TwoSettings(Training(n_images=8, batch=8), Training(n_images=32, batch=8, augmentation="dar"))
    fit(pictures((1, 9, 9)), chosen, out=tmp_path, keeping=EVERY_STEP)
    assert {batch.shape for batch in SEEN} == {(8, 1, 1, 1)}
    assert len(np.unique(torch.cat(SEEN).flatten().numpy().round(5))) > 12  # more than there are images
    assert Model.open(tmp_path).checkpoint.stage == 1
