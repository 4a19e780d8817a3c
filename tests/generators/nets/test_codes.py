"""What lies between an encoder and a decoder."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from doppelscan.generators.nets.codes import Codebook, Codes, Normal
from doppelscan.generators.noise import Noise

CPU = torch.device("cpu")


def said_of(*places: tuple[float, float]) -> torch.Tensor:
    """One image whose places have these means and deviations."""
    means = torch.tensor([[mean for mean, _ in places]])
    logs = torch.tensor([[2 * math.log(deviation) for _, deviation in places]])
    return torch.stack([means, logs], dim=1)


@pytest.mark.parametrize("codes", [Normal(3, 1.0), Codebook(3, 5, 0.25)], ids=["kl", "vq"])
@pytest.mark.parametrize("coarse", [(2, 3), (2, 1, 3)])
def test_both_have_latents_of_one_shape_and_a_prior_by_seed(codes: Codes, coarse: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    said = torch.randn(4, codes.n_said, *coarse)
    for latents in (codes.latents(said), codes.drawn(said), codes.seen(codes.latents(said))):
        assert latents.shape == (4, 3, *coarse)
    assert codes.cost(said).shape == (4,)
    together = codes.prior(Noise.of([3, 4, 5], CPU), *coarse)
    assert together.shape == (3, 3, *coarse)
    assert torch.equal(codes.prior(Noise.of([4], CPU), *coarse)[0], together[1])
    assert not torch.equal(together[0], together[1])


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (1.5, 0.3), (-2.0, 2.0)])
def test_the_divergence_is_that_of_the_integral(mean: float, deviation: float) -> None:
    def nats(x: float) -> float:
        own = norm.logpdf(x, mean, deviation)
        return float(np.exp(own) * (own - norm.logpdf(x)))

    expected, _ = quad(nats, mean - 12 * deviation, mean + 12 * deviation)
    cost = Normal(1, weight=0.5).cost(said_of((mean, deviation)))
    assert float(cost) == pytest.approx(0.5 * expected, abs=1e-5)


def test_divergences_of_places_add_up() -> None:
    both = Normal(1, 1.0).cost(said_of((1.0, 0.5), (-2.0, 3.0)))
    apart = [Normal(1, 1.0).cost(said_of(place)) for place in ((1.0, 0.5), (-2.0, 3.0))]
    assert float(both) == pytest.approx(float(sum(apart)), rel=1e-6)


def test_draws_have_the_mean_and_the_deviation_that_were_said() -> None:
    torch.manual_seed(0)
    drawn = Normal(1, 1.0).drawn(said_of((2.0, 0.5)).expand(20_000, 2, 1))
    assert float(drawn.mean()) == pytest.approx(2.0, abs=0.02)
    assert float(drawn.std()) == pytest.approx(0.5, abs=0.02)
    prior = Normal(1, 1.0).prior(Noise.of(range(50), CPU), 400)
    assert float(prior.mean()) == pytest.approx(0.0, abs=0.03)
    assert float(prior.std()) == pytest.approx(1.0, abs=0.03)


def test_the_nearest_code_is_that_of_plain_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    codes, latents = Codebook(3, 7, 0.25), torch.randn(2, 3, 4, 5)
    monkeypatch.setattr("doppelscan.generators.nets.codes._AT_ONCE", 50)
    numbers, seen = codes.nearest(latents), codes.seen(latents)
    for n in range(2):
        for i in range(4):
            for j in range(5):
                distances = [
                    float((latents[n, :, i, j] - code).square().sum()) for code in codes.codes.detach()
                ]
                assert numbers[n, i, j] == int(np.argmin(distances))
                torch.testing.assert_close(seen[n, :, i, j], codes.codes[numbers[n, i, j]].detach())


def test_gradients_pass_the_codes_straight_through_and_each_side_pays_its_own_way() -> None:
    codes = Codebook(1, 2, commitment=0.25)
    with torch.no_grad():
        codes.codes.copy_(torch.tensor([[0.0], [10.0]]))
    latents = torch.tensor([[[1.0, 8.0]]], requires_grad=True)
    (3 * codes.seen(latents)).sum().backward()
    assert latents.grad is not None
    assert latents.grad.tolist() == [[[3.0, 3.0]]]
    assert codes.codes.grad is None

    latents.grad = None
    cost = codes.cost(latents)
    assert cost.tolist() == pytest.approx([1.25 * (1 + 4) / 2])
    cost.sum().backward()
    assert latents.grad.flatten().tolist() == pytest.approx([0.25 * 2 * 1 / 2, 0.25 * 2 * -2 / 2])
    assert codes.codes.grad.flatten().tolist() == pytest.approx([2 * -1 / 2, 2 * 2 / 2])


def test_codes_start_where_the_first_latents_are() -> None:
    torch.manual_seed(0)
    codes = Codebook(2, 2000, 0.25)
    said = torch.randn(50, 2, 6, 7) * torch.tensor([5.0, 0.1])[:, None, None] + 3
    codes.fit(said)
    assert codes.codes.mean(0).tolist() == pytest.approx([3.0, 3.0], abs=0.4)
    assert codes.codes.std(0).tolist() == pytest.approx([5.0, 0.1], rel=0.1)


def test_the_prior_of_codes_is_uniform() -> None:
    codes = Codebook(1, 4, 0.25)
    drawn = codes.nearest(codes.prior(Noise.of(range(20), CPU), 20, 10))
    shares = torch.bincount(drawn.flatten(), minlength=4) / drawn.numel()
    assert shares.tolist() == pytest.approx([0.25] * 4, abs=0.03)
