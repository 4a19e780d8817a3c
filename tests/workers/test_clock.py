"""What a run's log says: every piece of work once, when it is done, and again only where it was begun again."""

from __future__ import annotations

from doppelscan.workers import silent
from doppelscan.workers.clock import Clock


def said(clock: Clock) -> list[str]:
    return [line.partition(" ")[2] for line in clock.log]


def test_work_that_says_twice_that_it_is_done_is_logged_once() -> None:
    clock = Clock(silent)
    for done in (0, 500, 1000, 1000):
        clock.tell("pairs", done, 1000)
    clock.tell("points", 2, 2)
    assert said(clock) == ["pairs (1,000)", "points (2)"]


def test_work_that_is_begun_again_is_logged_again() -> None:
    clock = Clock(silent)
    for done in (0, 2, 0, 2):
        clock.tell("points", done, 2)
    assert said(clock) == ["points (2)"] * 2


def test_a_stage_is_timed_under_its_name() -> None:
    clock = Clock(silent)
    with clock.stage("matching"):
        pass
    assert said(clock)[0].startswith("matching took ")
    assert set(clock.seconds) == {"matching"}
