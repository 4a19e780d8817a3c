"""Do steps follow from the lesson alone, go on from a checkpoint to the bit, and lower the loss?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from doppelscan.encoders.contrastive import ContrastiveSettings
from doppelscan.encoders.contrastive.checkpoints import keep, resume, weights_of
from doppelscan.encoders.contrastive.training import Learner, Lesson, training
from doppelscan.errors import FormatError

CPU = torch.device("cpu")
FILM = ContrastiveSettings(batch=4, epochs=3).recipe(2)


def lesson_of(shape: tuple[int, ...], recipe=FILM, n: int = 8) -> Lesson:
    coarse = torch.rand(n, shape[0], 5, 5, generator=torch.Generator().manual_seed(0))
    images = functional.interpolate(coarse, size=shape[1:], mode="bilinear").half()
    return Lesson(images, np.arange(n), np.arange(n), recipe, seed=0)


def equal(a: Learner, b: Learner) -> bool:
    mine, yours = weights_of(a.network), weights_of(b.network)
    return all(np.array_equal(mine[name], yours[name]) for name in mine)


def forgetful() -> Learner:
    """A learner whose network drops half of its features at random."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(400, 64), nn.Dropout(0.5), nn.Linear(64, 16))
    return Learner(network, torch.optim.AdamW(network.parameters(), lr=1e-3), CPU)


@pytest.mark.parametrize("new", [lambda: Learner.new(lesson_of((1, 20, 20)), CPU), forgetful])
def test_a_learner_goes_on_from_a_checkpoint_as_if_nothing_had_been(
    tmp_path: Path, new: Callable[[], Learner]
) -> None:
    lesson = lesson_of((1, 20, 20))
    straight, cut, again = new(), new(), new()
    losses = [step.loss for step in training(straight, lesson)]
    steps = training(cut, lesson)
    next(steps)
    next(steps)
    keep(cut, tmp_path / "checkpoint", "key")
    resume(again, tmp_path / "checkpoint", "key")
    torch.manual_seed(99)  # as if other work had drawn numbers
    assert again.done == 2
    assert [step.loss for step in training(again, lesson)] == losses[2:]
    assert equal(again, straight)


def test_a_checkpoint_of_another_training_or_none_changes_nothing(tmp_path: Path) -> None:
    lesson = lesson_of((1, 20, 20))
    cut, fresh = Learner.new(lesson, CPU), Learner.new(lesson, CPU)
    next(training(cut, lesson))
    keep(cut, tmp_path / "checkpoint", "key")
    for path, key in ((tmp_path / "checkpoint", "other"), (tmp_path / "absent", "key")):
        resume(fresh, path, key)
        assert fresh.done == 0
        assert equal(fresh, Learner.new(lesson, CPU))


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    keep(Learner.new(lesson_of((1, 20, 20)), CPU), tmp_path / "checkpoint", "key")
    with pytest.raises(FormatError, match="holds no weights of this network"):
        resume(Learner.new(lesson_of((3, 20, 20)), CPU), tmp_path / "checkpoint", "key")


def test_each_step_says_where_it_stands_and_the_loss_falls() -> None:
    lesson = lesson_of((1, 32, 32), replace(FILM, batch=32, epochs=25, views="paper"), n=32)
    steps = list(training(Learner.new(lesson, CPU), lesson))
    assert [(step.done, step.total) for step in steps] == [(done, 25) for done in range(1, 26)]
    assert np.mean([step.loss for step in steps[-5:]]) < 0.8 * np.mean([step.loss for step in steps[:5]])


def test_the_first_weights_go_by_the_lessons_seed_alone() -> None:
    lesson = lesson_of((1, 20, 20))
    first = Learner.new(lesson, CPU)
    state = torch.get_rng_state()
    assert equal(first, Learner.new(lesson, CPU))
    assert not equal(first, Learner.new(replace(lesson, seed=1), CPU))
    assert torch.equal(state, torch.get_rng_state())
