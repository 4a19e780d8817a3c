"""Does the discriminator see images of any size, their labels and their batch's variety?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doppelscan.generators.nets.stylegan2_discriminator import Discriminator, group_deviation


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("n_channels", "space"),
    [(1, (16, 16)), (3, (16, 24)), (5, (7, 20)), (1, (1, 1)), (1, (2, 100)), (1, (33, 33))],
)
def test_every_image_gets_one_logit(n_channels: int, space: tuple[int, int]) -> None:
    discriminator = Discriminator(n_channels, space, 0, capacity=64, widest=16)
    with torch.no_grad():
        logits = discriminator(torch.randn(3, n_channels, *space), torch.full((3,), -1))
    assert logits.shape == (3,)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 7, 8])
def test_the_deviation_is_that_of_plain_loops(n: int) -> None:
    x = torch.randn(n, 3, 4, 5)
    size = max(g for g in (1, 2, 3, 4) if n % g == 0)
    expected = []
    for image in range(n):
        group = [x[other].numpy() for other in range(n) if other % (n // size) == image % (n // size)]
        assert len(group) == size
        deviations = [
            np.sqrt(np.var([member[place] for member in group]) + 1e-8) for place in np.ndindex(3, 4, 5)
        ]
        expected.append(np.mean(deviations))
    assert group_deviation(x).numpy() == pytest.approx(np.array(expected), rel=1e-4)


def test_a_batch_of_one_image_repeated_is_known_by_its_lack_of_variety() -> None:
    same = torch.randn(1, 3, 4, 4).expand(4, -1, -1, -1)
    assert group_deviation(same) == pytest.approx(torch.full((4,), 1e-4), rel=1e-3)
    assert (group_deviation(torch.randn(4, 3, 4, 4)) > 0.5).all()


def test_labels_are_judged_by_projection() -> None:
    discriminator = Discriminator(1, (8, 8), 3, capacity=32, widest=8)
    image = torch.randn(1, 1, 8, 8)
    with torch.no_grad():
        logits = [float(discriminator(image, torch.tensor([label]))) for label in (-1, 0, 1, 2)]
    assert len(set(logits)) == 4


def test_the_logits_can_be_differentiated_twice() -> None:
    discriminator = Discriminator(1, (7, 8), 2, capacity=32, widest=8)
    images = torch.randn(4, 1, 7, 8, requires_grad=True)
    logits = discriminator(images, torch.tensor([0, 1, -1, 0]))
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    gradient.square().sum().backward()
    assert float(discriminator.image.weight.grad.abs().sum()) > 0
