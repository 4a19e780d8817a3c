"""Is the loss that of the paper, and does it leave out duplicates alone?"""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import cosine_similarity

from doppelscan.encoders.contrastive.objective import nt_xent


def plain_loss(a: torch.Tensor, b: torch.Tensor, content: list[int], temperature: float) -> float:
    """Equation 1, view by view."""
    views, n = [*a.double(), *b.double()], len(a)
    content = content * 2
    losses = []
    for i in range(2 * n):
        partner = (i + n) % (2 * n)
        sim = [math.exp(float(cosine_similarity(views[i], z, dim=0)) / temperature) for z in views]
        against = [k for k in range(2 * n) if k == partner or content[k] != content[i]]
        losses.append(-math.log(sim[partner] / sum(sim[k] for k in against)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("content", [[0, 1, 2, 3, 4], [0, 1, 0, 2, 0], [3, 3, 3, 3, 3]])
@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_the_loss_is_the_one_in_plain_loops(content: list[int], temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 5, 7, generator=generator)
    found = nt_xent(a, b, torch.tensor(content), temperature)
    assert float(found) == pytest.approx(plain_loss(a, b, content, temperature), rel=1e-5)


def test_views_that_find_each_other_cost_nothing_and_strangers_cost_chance() -> None:
    apart = torch.eye(6)
    content = torch.arange(6)
    assert float(nt_xent(apart, apart, content, 0.05)) < 1e-6
    assert float(nt_xent(torch.ones(6, 3), torch.ones(6, 3), content, 0.1)) == pytest.approx(math.log(11))


def test_one_image_alone_teaches_nothing() -> None:
    a = torch.randn(1, 4, requires_grad=True)
    loss = nt_xent(a, torch.randn(1, 4), torch.tensor([0]), 0.1)
    loss.backward()
    assert loss.item() == 0
    assert a.grad.abs().max() == 0
