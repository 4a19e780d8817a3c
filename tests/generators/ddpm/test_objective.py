"""What a diffusion model learns."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from doppelscan.generators.ddpm import FAMILY
from doppelscan.generators.ddpm.objective import _bound, _log_likelihood, loss_of_each, turns
from doppelscan.generators.ddpm.schedule import schedule_on
from doppelscan.generators.ddpm.settings import PRESETS
from doppelscan.generators.family import Batch

CPU = torch.device("cpu")
SETTINGS = replace(PRESETS["tiny"], steps=20)


class Oracle(nn.Module):
    """Knows the images, hence the noise or the velocity."""

    def __init__(self, images: torch.Tensor, predicts: str, variance: bool = False) -> None:
        super().__init__()
        self.images, self.predicts, self.variance = images, predicts, variance
        self.seen: list[torch.Tensor] = []

    def forward(
        self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor, _told: torch.Tensor
    ) -> torch.Tensor:
        self.seen.append(labels)
        schedule = schedule_on(CPU, "cosine", 20)
        a = schedule.alpha_bar[t].reshape(-1, 1, 1, 1)
        noise = (x - a.sqrt() * self.images) / (1 - a).sqrt()
        answer = noise if self.predicts == "epsilon" else schedule.velocity(self.images, noise, t)
        return torch.cat([answer, torch.zeros_like(answer)], dim=1) if self.variance else answer


def batch(n: int = 64) -> Batch:
    images = torch.rand(n, 2, 4, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return Batch(images, torch.zeros(n, dtype=torch.int64), images.new_zeros(n, 0), 0, 0)


@pytest.mark.parametrize("predicts", ["epsilon", "v"])
def test_who_knows_the_noise_has_no_loss_and_who_says_nothing_has_a_loss_of_one(predicts: str) -> None:
    settings, b = replace(SETTINGS, predicts=predicts), batch()  # type: ignore[arg-type]
    networks = nn.ModuleDict({"unet": Oracle(b.images, predicts)})
    assert float(loss_of_each(settings, networks, b, b.labels).max()) < 1e-6
    silent = nn.ModuleDict({"unet": Oracle(torch.zeros_like(b.images), predicts)})
    if predicts == "epsilon":
        silent["unet"].forward = lambda x, t, labels, told: torch.zeros_like(x)  # type: ignore[method-assign]
        assert float(loss_of_each(settings, silent, b, b.labels).mean()) == pytest.approx(1, abs=0.1)


def test_a_share_of_the_labels_is_not_told() -> None:
    b = batch(2000)
    unet = Oracle(b.images, "v")
    list(turns(replace(SETTINGS, drop_label=0.25), nn.ModuleDict({"unet": unet}), b))
    assert float((unet.seen[0] == -1).float().mean()) == pytest.approx(0.25, abs=0.04)
    FAMILY.stages[0].validation(SETTINGS, nn.ModuleDict({"unet": unet}), b)  # type: ignore[misc]
    assert (unet.seen[1] == 0).all()


def test_the_bound_is_the_divergence_of_the_two_steps_back() -> None:
    schedule, t = schedule_on(CPU, "cosine", 20), torch.arange(1, 17)
    settings = replace(SETTINGS, variance="learned", predicts="epsilon")
    rng = torch.Generator().manual_seed(1)
    x0, noise, said, variance = (torch.randn(16, 1, 3, 3, generator=rng).clamp(-1, 1) for _ in range(4))
    x = schedule.noisy(x0, noise, t)
    found = _bound(schedule, settings, (x0, x, t), said, variance)
    for i in range(16):
        least, most = schedule.log_least_variance[t[i]], schedule.beta[t[i]].log()
        deviation = (((variance[i] + 1) / 2 * most + (1 - variance[i]) / 2 * least) / 2).exp()
        one = t[i : i + 1]
        guess = schedule.denoised(x[i : i + 1], said[i : i + 1], one, "epsilon").clamp(-1, 1)
        model = Normal(schedule.mean_before(guess, x[i : i + 1], one)[0], deviation)
        truth = Normal(schedule.mean_before(x0[i : i + 1], x[i : i + 1], one)[0], (least / 2).exp())
        assert float(found[i]) == pytest.approx(
            float(kl_divergence(truth, model).mean()) / math.log(2), rel=1e-3
        )


def test_the_likelihoods_of_all_pixels_sum_to_one() -> None:
    levels = (torch.arange(256) / 127.5 - 1).reshape(1, 1, 256, 1)
    logs = _log_likelihood(levels, torch.full_like(levels, 0.31), torch.full_like(levels, math.log(0.2)))
    assert float(logs.exp().sum()) == pytest.approx(1, abs=1e-5)


def test_only_the_variance_learns_from_the_bound() -> None:
    settings, b = replace(SETTINGS, variance="learned"), batch(8)
    answer = torch.zeros(8, 2, 4, 3, requires_grad=True)
    variance = torch.zeros(8, 2, 4, 3, requires_grad=True)

    class Fixed(nn.Module):
        def forward(self, x: torch.Tensor, *_told: torch.Tensor) -> torch.Tensor:
            return torch.cat([answer, variance], dim=1)

    class Silent(nn.Module):
        def forward(self, x: torch.Tensor, *_told: torch.Tensor) -> torch.Tensor:
            return answer

    torch.manual_seed(0)
    loss_of_each(settings, nn.ModuleDict({"unet": Fixed()}), b, b.labels).sum().backward()
    assert variance.grad is not None
    assert variance.grad.abs().max() > 0
    with_bound, answer.grad = answer.grad, None
    torch.manual_seed(0)
    loss_of_each(SETTINGS, nn.ModuleDict({"unet": Silent()}), b, b.labels).sum().backward()
    torch.testing.assert_close(with_bound, answer.grad)
