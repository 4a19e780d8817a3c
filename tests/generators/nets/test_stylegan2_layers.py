"""Do the layers have the paper's scales, and does modulation do what one set of weights for each image would?"""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from doppelscan.generators.nets.stylegan2_filters import upsampled
from doppelscan.generators.nets.stylegan2_layers import Conv, Linear, ModulatedConv, activated, normalised


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def own_weights(layer: ModulatedConv, w: torch.Tensor) -> torch.Tensor:
    """Equations 1 and 3 in plain loops: one set of weights for each image."""
    s = layer.style(w)
    weights = torch.empty(len(w), *layer.weight.shape)
    for image in range(len(w)):
        for j in range(layer.weight.shape[0]):
            modulated = torch.stack([s[image, i] * layer.c * layer.weight[j, i] for i in range(s.shape[1])])
            sigma = math.sqrt(sum(float(value) ** 2 for value in modulated.flatten()) + 1e-8)
            weights[image, j] = modulated / sigma if layer.demodulate else modulated
    return weights


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("demodulate", [True, False])
def test_modulation_is_a_convolution_with_weights_of_each_image(kernel: int, demodulate: bool) -> None:
    layer = ModulatedConv(5, 4, kernel, n_w=7, demodulate=demodulate)
    x, w = torch.randn(3, 5, 6, 8), torch.randn(3, 7)
    with torch.no_grad():
        weights = own_weights(layer, w)
        expected = [functional.conv2d(x[i : i + 1], weights[i], padding=kernel // 2) for i in range(3)]
        assert layer(x, w) == pytest.approx(torch.cat(expected), abs=1e-5)


def test_demodulated_weights_have_a_norm_of_one_so_that_features_keep_theirs() -> None:
    layer = ModulatedConv(32, 16, 3, n_w=8)
    w = 5 * torch.randn(4, 8)
    with torch.no_grad():
        norms = own_weights(layer, w).square().sum((2, 3, 4))
        assert norms == pytest.approx(torch.ones(4, 16), abs=1e-5)
        features = layer(torch.randn(4, 32, 64, 64), w)
    assert float(features.std()) == pytest.approx(1.0, abs=0.05)


def test_growing_is_modulation_of_the_upsampled_features_away_from_the_border() -> None:
    layer = ModulatedConv(5, 4, 3, n_w=7, up=True)
    x, w = torch.randn(2, 5, 8, 6), torch.randn(2, 7)
    with torch.no_grad():
        grown = layer(x, w)
        layer.up = False
        expected = layer(upsampled(x), w)
    assert grown.shape == expected.shape == (2, 4, 16, 12)
    assert grown[:, :, 2:-2, 2:-2] == pytest.approx(expected[:, :, 2:-2, 2:-2], abs=1e-5)


@pytest.mark.parametrize("kernel", [1, 3])
def test_a_halving_convolution_has_half_the_size_and_keeps_constants(kernel: int) -> None:
    layer = Conv(3, 2, kernel, down=True, bias=False)
    with torch.no_grad():
        halved = layer(torch.ones(1, 3, 16, 12))
        expected = (layer.c * layer.weight).sum((1, 2, 3))
    assert halved.shape == (1, 2, 8, 6)
    assert halved[0, :, 4, 3] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("rate", [1.0, 0.01])
def test_equalised_weights_are_normal_times_their_constant_whatever_their_rate(rate: float) -> None:
    layer = Linear(400, 300, bias=2.0, rate=rate)
    assert float(layer.weight.detach().std() * rate) == pytest.approx(1.0, abs=0.02)
    assert layer.c == pytest.approx(rate / 20)
    with torch.no_grad():
        assert layer(torch.zeros(1, 400)) == pytest.approx(torch.full((1, 300), 2.0))
        assert float(layer(torch.randn(50, 400)).std()) == pytest.approx(1.0, abs=0.05)


def test_a_hundredth_of_the_rate_moves_what_is_computed_a_hundredth_as_far() -> None:
    moved = []
    for rate in (1.0, 0.01):
        torch.manual_seed(0)
        layer = Linear(10, 10, rate=rate)
        optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3)
        x = torch.ones(1, 10)
        before = layer(x).detach()
        layer(x).sum().backward()
        optimizer.step()
        moved.append(float((layer(x).detach() - before).abs().mean()))
    assert moved[1] == pytest.approx(moved[0] / 100, rel=0.01)


def test_a_convolution_keeps_the_variance() -> None:
    with torch.no_grad():
        assert float(Conv(64, 64, 3)(torch.randn(2, 64, 32, 32)).std()) == pytest.approx(1.0, abs=0.05)


def test_the_activation_keeps_the_mean_square_of_normal_numbers_and_the_normalisation_makes_it_one() -> None:
    x = torch.randn(1000, 100)
    assert float(activated(x).square().mean()) == pytest.approx(1 + 0.2**2, abs=0.02)
    assert normalised(7 * x).square().mean(1) == pytest.approx(torch.ones(1000), abs=1e-4)
    assert torch.equal(normalised(torch.zeros(1, 5)), torch.zeros(1, 5))
