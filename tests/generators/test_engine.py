"""A step: each player in turn goes down its loss, then the average follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from doppelscan.errors import InputError
from doppelscan.generators.engine import Lesson, training
from doppelscan.generators.examples import Order
from doppelscan.generators.family import Batch, Turn
from doppelscan.generators.learner import Learner
from doppelscan.generators.recipe import Training
from doppelscan.generators.team import Team

from .toy import CPU, examples, learner

ALONE = Team(0, 1, CPU)
SCHEDULE = Training(n_images=80, batch=8, clip=None, half_life=50)


def a_lesson() -> Lesson:
    return Lesson(examples(), np.full(20, -1), seed=0)


def value(of: Learner, name: str, *, averaged: bool = False) -> float:
    networks = of.averaged if averaged else of.networks
    return float(networks[name].value.detach())


class Adam:
    """Adam for one number, in plain floats."""

    def __init__(self, value: float, rate: float) -> None:
        self.value, self.rate, self.m, self.v, self.t = value, rate, 0.0, 0.0, 0

    def step(self, gradient: float) -> None:
        self.t += 1
        self.m, self.v = 0.9 * self.m + 0.1 * gradient, 0.999 * self.v + 0.001 * gradient**2
        m, v = self.m / (1 - 0.9**self.t), self.v / (1 - 0.999**self.t)
        self.value -= self.rate * m / (v**0.5 + 1e-8)


def test_each_turn_moves_its_player_and_the_next_meets_it_where_it_is_then() -> None:
    student, left, right = learner(SCHEDULE), Adam(0.0, 0.1), Adam(0.5, 0.2)
    shades, order, mean = np.linspace(-1, 1, 20), Order(20, 0), 0.5
    for step in training(student, a_lesson(), ALONE):
        seen = range(step.seen - 8, step.seen)
        left.step(2 * (left.value - shades[order.positions(seen.start, seen.stop)].mean()))
        right.step(2 * (right.value - left.value))
        kept = SCHEDULE.keeping(seen.start)
        mean = kept * mean + (1 - kept) * right.value
        assert value(student, "left") == pytest.approx(left.value, abs=1e-5)
        assert value(student, "right") == pytest.approx(right.value, abs=1e-5)
        assert value(student, "right", averaged=True) == pytest.approx(mean, abs=1e-5)
    assert (student.step, student.seen, student.finished) == (10, 80, True)
    assert set(student.averaged) == {"right"}


@pytest.mark.parametrize("at_once", [1, 3, 8, 50])
def test_accumulating_parts_of_a_batch_comes_to_the_same(at_once: int) -> None:
    whole, parts = learner(SCHEDULE), learner(replace(SCHEDULE, at_once=at_once))
    for a, b in zip(training(whole, a_lesson(), ALONE), training(parts, a_lesson(), ALONE), strict=True):
        assert float(a.logged["left"]) == pytest.approx(float(b.logged["left"]), abs=1e-6)
    assert value(parts, "right") == pytest.approx(value(whole, "right"), abs=1e-6)


def test_gradients_are_clipped_for_each_player() -> None:
    student = learner(replace(SCHEDULE, clip=1e-3))
    step = next(iter(training(student, a_lesson(), ALONE)))
    assert float(step.logged["right gradient"]) > 0.1  # as it was before
    state = student.optimizers["right"].state[student.moved_by("right")[0]]
    assert abs(float(state["exp_avg"])) == pytest.approx(1e-4, rel=1e-3)


def test_processes_share_a_batch_between_them() -> None:
    seen: list[list[float]] = []

    def watching(_settings: object, networks: torch.nn.ModuleDict, batch: Batch) -> Iterator[Turn]:
        seen.append(batch.images[:, 0, 0, 0].tolist())
        yield Turn("left", networks["left"].value.square())

    for rank in range(3):
        student = learner(SCHEDULE)
        student = replace(student, stage=replace(student.stage, turns=watching))
        next(iter(training(student, a_lesson(), _Deaf(rank, 3, CPU))))
    shares = np.concatenate([np.array(part) for part in seen])
    np.testing.assert_allclose(shares, np.linspace(-1, 1, 20)[Order(20, 0).positions(0, 8)], atol=1e-6)
    assert sorted(map(len, seen)) == [2, 3, 3]


class _Deaf(Team):
    """One of several processes that hears nothing of the others."""

    def average(self, tensors: object, *, n: int | None = None) -> None:
        pass


def test_chance_is_that_of_the_seed_and_the_first_image_of_the_part() -> None:
    drawn: dict[object, float] = {}

    def drawing(_settings: object, networks: torch.nn.ModuleDict, batch: Batch) -> Iterator[Turn]:
        for _ in range(2):
            drawn[batch.seen, rank, float(batch.images.sum()), len(drawn)] = float(torch.rand(()))
            yield Turn("left", networks["left"].value.square())

    def once(n_images: int) -> list[float]:
        drawn.clear()
        student = learner(replace(SCHEDULE, at_once=4, n_images=n_images))
        student = replace(student, stage=replace(student.stage, turns=drawing))
        torch.manual_seed(0)
        for _ in training(student, a_lesson(), _Deaf(rank, 1, CPU)):
            torch.rand(3)  # what others draw between steps changes nothing
        return list(drawn.values())

    rank = 0
    first = once(16)
    assert len(set(first)) == len(first) == 8
    assert once(24)[:8] == first


def test_whichever_process_takes_a_part_its_chance_is_the_same() -> None:
    drawn: list[float] = []

    def drawing(_settings: object, networks: torch.nn.ModuleDict, batch: Batch) -> Iterator[Turn]:
        drawn.append(float(torch.rand(())))
        yield Turn("left", networks["left"].value.square())

    def first_step(team: Team, at_once: int | None) -> list[float]:
        drawn.clear()
        student = learner(replace(SCHEDULE, at_once=at_once))
        next(iter(training(replace(student, stage=replace(student.stage, turns=drawing)), a_lesson(), team)))
        return list(drawn)

    alone = first_step(ALONE, 4)
    assert len(set(alone)) == 2
    assert [*first_step(_Deaf(0, 2, CPU), None), *first_step(_Deaf(1, 2, CPU), None)] == alone


def test_more_processes_than_images_in_a_batch_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"batch: is 8 for 9 processes \(--set batch=9, or fewer processes\)"
    ):
        next(iter(training(learner(SCHEDULE), a_lesson(), _Deaf(8, 9, CPU))))


def test_what_does_not_fit_ends_with_the_batch_to_try() -> None:
    def greedy(_settings: object, _networks: object, batch: Batch) -> Iterator[Turn]:
        raise torch.OutOfMemoryError
        yield

    student = learner(replace(SCHEDULE, at_once=6))
    student = replace(student, stage=replace(student.stage, turns=greedy))
    with pytest.raises(InputError, match=r"6 images at once do not fit .* \(--set at_once=3\)"):
        next(iter(training(student, a_lesson(), ALONE)))
