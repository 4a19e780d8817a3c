"""How long, in which batches and how fast."""

from __future__ import annotations

import math

import pytest

from doppelscan.errors import InputError
from doppelscan.generators.recipe import Training


def test_the_rate_rises_over_the_warm_up_and_then_stays() -> None:
    schedule = Training(n_images=1000, batch=10, warm_up=100)
    assert [schedule.rate(seen) for seen in (0, 40, 90, 100, 990)] == [0.1, 0.5, 1.0, 1.0, 1.0]


def test_the_rate_falls_along_half_a_cosine() -> None:
    schedule = Training(n_images=1100, batch=10, warm_up=100, decay="cosine")
    assert schedule.rate(100) == 1.0
    assert schedule.rate(600) == pytest.approx(0.5)
    assert schedule.rate(1099) < 1e-4


def test_a_weight_counts_half_after_the_half_life() -> None:
    schedule = Training(n_images=10**6, batch=10, half_life=100)
    late = math.prod(schedule.keeping(seen) for seen in range(500_000, 500_100, 10))
    assert late == pytest.approx(0.5)
    early = schedule.keeping(0)
    assert early == 0.5**20  # hardly anything of the first, random weights stays
    assert Training(n_images=10, half_life=0).keeping(0) == 0


def test_a_schedule_that_cannot_be_is_refused_with_all_its_problems() -> None:
    with pytest.raises(InputError) as refused:
        Training(n_images=-1, batch=0, clip=0.0)
    assert [problem.where for problem in refused.value.problems] == ["n_images", "batch", "clip"]


def test_steps_cover_all_images() -> None:
    assert Training(n_images=33, batch=16).n_steps == 3
