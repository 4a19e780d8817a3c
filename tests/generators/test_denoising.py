"""A diffusion model from within says the noise that there is, of pixels and of latents; others have no such door."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from doppelscan.errors import InputError
from doppelscan.generators import fit
from doppelscan.generators.ddpm.denoising import denoiser
from doppelscan.generators.ddpm.schedule import schedule_on

from .small import QUIET, pictures, settings


class Knowing(nn.Module):
    """A network that says what it was told to say."""

    def __init__(self, answer: torch.Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, _x: torch.Tensor, _t: torch.Tensor, _labels: torch.Tensor) -> torch.Tensor:
        return self.answer


@pytest.mark.parametrize("predicts", ["epsilon", "v"])
@pytest.mark.parametrize("variance", ["small", "learned"])
def test_the_noise_that_was_added_is_seen_whatever_the_network_predicts(predicts: str, variance: str) -> None:
    chosen = settings("ddpm", f"predicts={predicts}", f"variance={variance}")
    device = torch.device("cpu")
    schedule = schedule_on(device, chosen.schedule, chosen.steps)
    torch.manual_seed(0)
    x0, noise, t = torch.rand(3, 2, 4, 5), torch.randn(3, 2, 4, 5), torch.tensor([0, 20, 49])
    answer = noise if predicts == "epsilon" else schedule.velocity(x0, noise, t)
    said = torch.cat([answer, torch.full_like(answer, 9.0)], dim=1) if variance == "learned" else answer
    seen = denoiser(chosen, nn.ModuleDict({"unet": Knowing(said)}), device)
    torch.testing.assert_close(seen.noise(schedule.noisy(x0, noise, t), t, torch.full((3,), -1)), noise)
    torch.testing.assert_close(seen.start(x0), x0)
    torch.testing.assert_close(seen.alpha_bar, schedule.alpha_bar)


@pytest.mark.parametrize("family", ["ddpm", "latent_diffusion"])
@pytest.mark.parametrize("shape", [(1, 12, 9), (1, 6, 5, 8)], ids=str)
def test_what_diffuses_and_its_noise_have_one_shape_and_no_chance(
    family: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    drawn = ["latents=sample"] if family == "latent_diffusion" else []
    model = fit(pictures(shape), settings(family, "n_images=8", *drawn), out=tmp_path, keeping=QUIET)
    images = torch.linspace(-1, 1, 2 * torch.Size(shape).numel()).reshape(2, *shape)
    start, unknown = model.denoiser.start(images), torch.full((2,), -1)
    torch.testing.assert_close(model.denoiser.start(images), start, rtol=0, atol=0)
    noise = model.denoiser.noise(start, torch.tensor([0, 30]), unknown)
    assert noise.shape == start.shape
    assert (start.shape[1:] == shape) == (family == "ddpm")
    assert torch.isfinite(noise).all()


def test_latents_are_scaled_as_diffusion_learnt_them(tmp_path: Path) -> None:
    images = pictures((1, 12, 9), 24)
    chosen = settings("latent_diffusion", "n_images=64")
    model = fit(images, chosen, out=tmp_path, keeping=QUIET)
    pixels = model.description.intensities.scaled(images.read(0, 24))
    latents = model.denoiser.start(pixels)
    assert latents.mean().abs() < 0.5
    assert 0.5 < latents.std() < 2


@pytest.mark.parametrize("family", ["vae", "stylegan2"])
def test_a_family_in_which_nothing_diffuses_is_refused(family: str, tmp_path: Path) -> None:
    model = fit(pictures((1, 8, 8)), settings(family, "n_images=8"), out=tmp_path, keeping=QUIET)
    with pytest.raises(InputError, match=f"{family} is no diffusion model .*--synthetic"):
        _ = model.denoiser
