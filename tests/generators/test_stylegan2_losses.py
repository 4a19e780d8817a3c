"""Are the losses those of the papers, term by term?"""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from doppelscan.generators.stylegan2_losses import PathLengths, discerning, gradient_penalty, non_saturating


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_the_players_losses_are_logistic() -> None:
    real, drawn = [0.5, -2.0, 3.0], [1.0, -1.0, 0.2]
    expected = -sum(math.log(sigmoid(x)) for x in real) / 3 - sum(math.log(1 - sigmoid(x)) for x in drawn) / 3
    assert float(discerning(torch.tensor(real), torch.tensor(drawn))) == pytest.approx(expected)
    expected = -sum(math.log(sigmoid(x)) for x in drawn) / 3
    assert float(non_saturating(torch.tensor(drawn))) == pytest.approx(expected)


def test_a_generator_that_is_seen_through_still_has_somewhere_to_go() -> None:
    logit = torch.tensor([-50.0], requires_grad=True)
    non_saturating(logit).backward()
    assert logit.grad == pytest.approx(torch.tensor([-1.0]))


def test_the_gradient_penalty_of_a_linear_discriminator_is_its_squared_weights() -> None:
    weight = torch.randn(2, 3, 4)
    images = torch.randn(5, 2, 3, 4, requires_grad=True)
    found = gradient_penalty((images * weight).sum((1, 2, 3)), images)
    assert float(found) == pytest.approx(float(weight.square().sum()), rel=1e-5)


def test_the_gradient_penalty_is_that_of_differences_and_can_be_gone_down() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.Softplus(), nn.Linear(5, 1)).double()
    images = torch.randn(3, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    found = gradient_penalty(network(images)[:, 0], images)
    total, h = 0.0, 1e-6
    with torch.no_grad():
        for image in images:
            for place in range(12):
                step = torch.zeros(12, dtype=torch.float64)
                step[place] = h
                step = step.reshape(1, 1, 3, 4)
                slope = (network(image + step) - network(image - step)) / (2 * h)
                total += float(slope) ** 2
    assert float(found.detach()) == pytest.approx(total / 3, rel=1e-5)
    found.backward()
    assert float(network[1].weight.grad.abs().sum()) > 0


def test_path_lengths_are_those_of_the_jacobian(monkeypatch: pytest.MonkeyPatch) -> None:
    jacobian = torch.randn(2 * 3 * 4, 2 * 5)  # images of 2 x 3 x 4 from two layers of five styles
    w = torch.randn(6, 2, 5, requires_grad=True)
    images = (w.flatten(1) @ jacobian.T).reshape(6, 2, 3, 4)
    y = torch.randn(6, 2, 3, 4)
    monkeypatch.setattr(torch, "randn_like", lambda _: y)
    paths = PathLengths()
    paths.a.fill_(2.0)
    penalty, mean = paths(images, w)
    lengths = []
    for image in range(6):
        product = jacobian.T @ y[image].flatten() / math.sqrt(3 * 4)
        lengths.append(math.sqrt(float((product[:5].square().sum() + product[5:].square().sum()) / 2)))
    a = 2.0 + 0.01 * (sum(lengths) / 6 - 2.0)
    assert float(mean) == pytest.approx(sum(lengths) / 6, rel=1e-4)
    assert float(paths.a) == pytest.approx(a, rel=1e-5)
    assert float(penalty) == pytest.approx(sum((length - a) ** 2 for length in lengths) / 6, rel=1e-4)


def test_the_running_length_follows_so_that_an_isometry_ends_without_penalty() -> None:
    paths = PathLengths()
    for _ in range(300):
        w = torch.randn(16, 1, 256, requires_grad=True)
        penalty, _ = paths(w.reshape(16, 1, 16, 16), w)
    assert float(paths.a) == pytest.approx(1 - 0.99**300, abs=0.02)  # |y| / 16
    assert float(penalty.detach()) < 0.02


def test_path_lengths_can_be_gone_down() -> None:
    weight = torch.randn(12, 5, requires_grad=True)
    w = torch.randn(4, 1, 5, requires_grad=True)
    penalty, _ = PathLengths()((w[:, 0] @ weight.T).tanh().reshape(4, 1, 3, 4), w)
    penalty.backward()
    assert float(weight.grad.abs().sum()) > 0
