"""How much noise there is at each step."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from doppelscan.generators.ddpm.schedule import betas_of, schedule_on

CPU = torch.device("cpu")


def test_the_linear_schedule_is_that_of_ho_and_ends_as_noisy_with_any_number_of_steps() -> None:
    beta = betas_of("linear", 1000)
    assert (beta[0], beta[-1]) == (1e-4, 0.02)
    ends = [np.prod(1 - betas_of("linear", steps)) for steps in (1000, 4000)]
    assert ends[0] == pytest.approx(4.04e-5, rel=0.01)
    assert ends[1] == pytest.approx(ends[0], rel=0.2)


def test_the_cosine_schedule_is_that_of_nichol_and_dhariwal() -> None:
    alpha_bar = np.cumprod(1 - betas_of("cosine", 100))
    f = [math.cos((t / 100 + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(101)]
    for t in range(99):
        assert alpha_bar[t] == pytest.approx(f[t + 1] / f[0], rel=1e-9)
    assert betas_of("cosine", 100).max() == 0.999


@pytest.mark.parametrize("kind", ["linear", "cosine"])
def test_noise_comes_step_by_step_or_at_once(kind: str) -> None:
    schedule, beta = schedule_on(CPU, kind, 20), betas_of(kind, 20)  # type: ignore[arg-type]
    share_of_image, variance = 1.0, 0.0
    for t in range(20):
        share_of_image *= math.sqrt(1 - beta[t])
        variance = variance * (1 - beta[t]) + beta[t]
        noisy = schedule.noisy(torch.ones(1, 1), torch.zeros(1, 1), torch.tensor([t]))
        assert float(noisy) == pytest.approx(share_of_image, rel=1e-5, abs=1e-7)
        noisy = schedule.noisy(torch.zeros(1, 1), torch.ones(1, 1), torch.tensor([t]))
        assert float(noisy) ** 2 == pytest.approx(variance, rel=1e-5)


def test_the_image_behind_the_noise_is_found_from_noise_and_from_velocity() -> None:
    schedule, rng = schedule_on(CPU, "cosine", 50), torch.Generator().manual_seed(0)
    x0, noise = (torch.randn(40, 1, 3, 2, generator=rng) for _ in range(2))
    t = torch.arange(40)
    x = schedule.noisy(x0, noise, t)
    torch.testing.assert_close(schedule.denoised(x, noise, t, "epsilon"), x0, rtol=1e-3, atol=1e-4)
    velocity = schedule.velocity(x0, noise, t)
    torch.testing.assert_close(schedule.denoised(x, velocity, t, "v"), x0, rtol=1e-4, atol=1e-5)


def test_the_step_back_is_what_bayes_says() -> None:
    schedule, beta = schedule_on(CPU, "linear", 30), betas_of("linear", 30)
    alpha_bar = np.cumprod(1 - beta)
    x0, x = 0.3, -0.8
    for t in range(1, 30):
        # prior of x_{t-1} given x0, likelihood of x_t given x_{t-1}: a product of two normals
        prior_mean, prior_variance = math.sqrt(alpha_bar[t - 1]) * x0, 1 - alpha_bar[t - 1]
        precision = 1 / prior_variance + (1 - beta[t]) / beta[t]
        mean = (prior_mean / prior_variance + math.sqrt(1 - beta[t]) * x / beta[t]) / precision
        found = schedule.mean_before(torch.tensor([[x0]]), torch.tensor([[x]]), torch.tensor([t]))
        assert float(found) == pytest.approx(mean, rel=1e-4)
        assert float(schedule.log_least_variance[t]) == pytest.approx(-math.log(precision), rel=1e-4)
