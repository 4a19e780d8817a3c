"""Does work beside the block run while it runs, and is its error told?"""

from __future__ import annotations

import threading

import pytest

from doppelscan.workers import meanwhile


def test_the_work_is_done_while_the_block_runs_and_over_when_it_ends() -> None:
    begun, done, told = threading.Event(), threading.Event(), []

    def work() -> None:
        begun.set()
        assert done.wait(10)
        told.append("worked")

    with meanwhile(work):
        assert begun.wait(10)
        done.set()
    assert told == ["worked"]


def test_what_the_work_raises_is_raised_at_the_end_of_the_block() -> None:
    def work() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), meanwhile(work):
        pass


def test_an_error_of_the_block_comes_first() -> None:
    def work() -> None:
        raise OSError("disk full")

    with pytest.raises(ValueError, match="mine"), meanwhile(work):
        raise ValueError("mine")
