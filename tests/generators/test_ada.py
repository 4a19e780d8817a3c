"""Does p rise where the discriminator knows its training images, and fall where it does not?"""

from __future__ import annotations

import pytest
import torch

from doppelscan.errors import InputError
from doppelscan.generators.ada import Adaptation, Adaptive

SURE, UNSURE = torch.ones(8), torch.tensor([1.0, -1, 1, -1, 1, -1, 1, -1])


def strengths(adaptive: Adaptive, logits: torch.Tensor, n_steps: int, *, first: int = 0) -> list[float]:
    """p before each step of eight images."""
    values = []
    for step in range(first, first + n_steps):
        adaptive.learn(logits, 8 * step)
        values.append(float(adaptive.p))
    return values


def test_p_rises_by_the_share_of_images_seen_while_the_discriminator_is_sure() -> None:
    adaptive = Adaptive(Adaptation(ramp=1000, every=32))
    found = strengths(adaptive, SURE, 13)
    assert found == pytest.approx([0.0] * 4 + [0.032] * 4 + [0.064] * 4 + [0.096], abs=1e-6)
    assert float(adaptive.overfitting) == 1.0


def test_p_falls_to_zero_while_it_is_not() -> None:
    adaptive = Adaptive(Adaptation(ramp=100, every=8, start=0.2))
    found = strengths(adaptive, UNSURE, 6)
    assert found == pytest.approx([0.2, 0.12, 0.04, 0.0, 0.0, 0.0], abs=1e-6)
    assert float(adaptive.overfitting) == 0.0


def test_p_stays_where_r_is_at_its_target_and_below_the_highest() -> None:
    at_target = Adaptive(Adaptation(ramp=100, every=8, start=0.3, target=0.0))
    assert strengths(at_target, UNSURE, 5) == pytest.approx([0.3] * 5)
    sure = Adaptive(Adaptation(ramp=20, every=8, highest=0.5))
    assert strengths(sure, SURE, 5)[-1] == pytest.approx(0.5)


def test_parts_of_a_batch_count_as_the_whole_batch() -> None:
    whole, parts = (Adaptive(Adaptation(ramp=100, every=16)) for _ in range(2))
    logits = torch.tensor([1.0, 1, 1, 1, 1, 1, 1, -1])  # r = 0.75
    for step in range(7):
        whole.learn(logits, 8 * step)
        for start in (0, 3):
            parts.learn(logits[start : 3 if start == 0 else 8], 8 * step)
    assert float(whole.p) == float(parts.p) == pytest.approx(0.48)
    assert float(parts.overfitting) == pytest.approx(0.75)


def test_all_that_is_remembered_is_in_the_buffers() -> None:
    unbroken, first = (Adaptive(Adaptation(ramp=100, every=16)) for _ in range(2))
    before = strengths(first, SURE, 3)
    second = Adaptive(Adaptation(ramp=100, every=16))
    second.load_state_dict(first.state_dict())
    assert strengths(unbroken, SURE, 8) == before + strengths(second, SURE, 5, first=3)


def test_images_are_augmented_with_p_in_the_groups_chosen() -> None:
    torch.manual_seed(0)
    images = torch.randn(8, 1, 8, 8)
    assert Adaptive(Adaptation())(images) == pytest.approx(images, abs=1e-4)
    assert not torch.allclose(Adaptive(Adaptation(start=0.8))(images), images, atol=0.1)
    assert torch.equal(Adaptive(Adaptation(groups=(), start=0.8))(images), images)


def test_all_that_is_wrong_with_an_adaptation_is_said_at_once() -> None:
    with pytest.raises(InputError) as refused:
        Adaptation(groups=("blit", "cutout"), target=1.5, ramp=0, every=0, highest=0.5, start=0.6)
    message = str(refused.value)
    for word in ("cutout", "target", "ramp", "every", "start"):
        assert word in message
