"""How noise becomes an image."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from doppelscan.errors import InputError
from doppelscan.generators.ddpm.drawing import draw, scheduler_of
from doppelscan.generators.ddpm.schedule import schedule_on
from doppelscan.generators.ddpm.settings import PRESETS, DdpmSettings
from doppelscan.generators.family import Draw, Drawing, Subject
from doppelscan.generators.noise import Noise

CPU = torch.device("cpu")
SETTINGS = replace(PRESETS["tiny"], steps=100, schedule="linear")
DEVIATION = 0.3


class Ideal(nn.Module):
    """The best there is for images whose pixels are independent and normal about 0.1 with deviation 0.3."""

    def __init__(self, settings: DdpmSettings) -> None:
        super().__init__()
        self.settings, self.schedule = settings, schedule_on(CPU, settings.schedule, settings.steps)

    def forward(self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        a = self.schedule.alpha_bar[t].reshape(-1, 1, 1, 1)
        mean = 0.1 + 0.2 * (labels == 1).float().reshape(-1, 1, 1, 1)
        gain = a.sqrt() * DEVIATION**2 / (a * DEVIATION**2 + 1 - a)
        x0 = mean + gain * (x - a.sqrt() * mean)
        noise = (x - a.sqrt() * x0) / (1 - a).sqrt()
        said = noise if self.settings.predicts == "epsilon" else a.sqrt() * noise - (1 - a).sqrt() * x0
        return torch.cat([said, torch.zeros_like(said)], 1) if self.settings.variance == "learned" else said


def drawn(
    settings: DdpmSettings, options: Drawing, seeds: range = range(64), labels: int = -1, n_labels: int = 0
) -> torch.Tensor:
    subject = Subject((1, 8, 8), tuple("ab"[:n_labels]))
    asked = Draw(Noise.of(seeds, CPU), torch.full((len(seeds),), labels), options)
    return draw(settings, nn.ModuleDict({"unet": Ideal(settings)}), subject, asked)


@pytest.mark.parametrize("predicts", ["epsilon", "v"])
@pytest.mark.parametrize(("sampler", "steps"), [("ddpm", 100), ("ddim", 100), ("dpm++", 15), ("dpm++", 30)])
def test_every_sampler_draws_from_what_the_network_knows(sampler: str, steps: int, predicts: str) -> None:
    settings = replace(SETTINGS, predicts=predicts)  # type: ignore[arg-type]
    images = drawn(settings, Drawing(sampler=sampler, steps=steps))
    assert float(images.mean()) == pytest.approx(0.1, abs=0.02)
    assert float(images.std()) == pytest.approx(DEVIATION, abs=0.03)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize("steps", [15, 30])
def test_the_default_sampler_keeps_fine_texture(
    schedule: Any, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "DEVIATION", 0.05)
    settings = replace(SETTINGS, schedule=schedule, steps=1000)
    assert len(scheduler_of(settings, "dpm++", steps).timesteps) == steps
    assert float(drawn(settings, Drawing(steps=steps)).std()) == pytest.approx(0.05, rel=0.06)


@pytest.mark.parametrize("sampler", ["ddpm", "dpm++"])
def test_a_learned_variance_is_used_or_left_out(sampler: str) -> None:
    images = drawn(replace(SETTINGS, variance="learned", predicts="epsilon"), Drawing(sampler=sampler))
    assert float(images.std()) == pytest.approx(DEVIATION, abs=0.03)


def test_an_image_depends_on_its_seed_alone() -> None:
    for sampler in ("ddpm", "ddim", "dpm++"):
        options = Drawing(sampler=sampler, steps=10)
        many, one = drawn(SETTINGS, options, range(8)), drawn(SETTINGS, options, range(5, 6))
        torch.testing.assert_close(many[5], one[0], rtol=0, atol=1e-6)


def test_guidance_pushes_away_from_what_is_drawn_without_a_label() -> None:
    means = [
        float(drawn(SETTINGS, Drawing(guidance=g, steps=10), labels=1, n_labels=2).mean())
        for g in (0.0, 1.0, 2.0)
    ]
    assert means == pytest.approx([0.1, 0.3, 0.5], abs=0.03)


def test_the_ancestral_sampler_takes_all_steps_unless_told_otherwise() -> None:
    assert len(scheduler_of(SETTINGS, "ddpm", None).timesteps) == 100
    assert len(scheduler_of(replace(SETTINGS, steps=1000), "dpm++", None).timesteps) == SETTINGS.sampler_steps
    assert len(scheduler_of(PRESETS["akbar"], "ddpm", None).timesteps) == 4000


def test_what_cannot_be_drawn_with_is_refused() -> None:
    with pytest.raises(InputError, match=r"'euler' is no sampler \(one of dpm\+\+, ddim, ddpm\)"):
        scheduler_of(SETTINGS, "euler", None)
    with pytest.raises(InputError, match=r"101 steps \(1 to 100\)"):
        scheduler_of(SETTINGS, "ddim", 101)
