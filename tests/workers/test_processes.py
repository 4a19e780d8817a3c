"""Work in child processes: in order, bounded, and honest about a child that dies."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chores import die_at_three, double, fail_at_two, has_loaded, whoami
from doppelscan.workers import WorkerDied, counted, map_ordered, processes_kept


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("group", [1, 4])
def test_results_come_in_order_whatever_the_workers(workers: int, group: int) -> None:
    assert list(map_ordered(double, range(11), workers=workers, group=group)) == list(range(0, 22, 2))


def test_a_killed_child_ends_in_one_clear_error() -> None:
    with pytest.raises(WorkerDied, match="want of memory"):
        list(map_ordered(die_at_three, range(20), workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_child_reaches_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match="two"):
        list(map_ordered(fail_at_two, range(5), workers=workers))


def test_only_a_few_items_are_taken_ahead_of_the_reader() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = map_ordered(double, items(), workers=2)
    assert next(results) == 0
    assert len(taken) <= 6
    results.close()  # type: ignore[attr-defined]


def test_progress_counts_what_the_reader_is_done_with() -> None:
    said: list[tuple[str, int, int]] = []
    assert list(counted("ab", "work", 2, lambda *now: said.append(now))) == ["a", "b"]
    assert said == [("work", 0, 2), ("work", 1, 2), ("work", 2, 2)]


def test_no_child_outlives_a_killed_parent() -> None:
    code = (
        "from chores import tell_and_wait\n"
        "from doppelscan.workers import map_ordered\n"
        "if __name__ == '__main__':\n"
        "    list(map_ordered(tell_and_wait, range(2), workers=2))\n"
    )
    where = str(Path(__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": where},
    ) as parent:
        assert parent.stdout is not None
        children = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    deadline = time.monotonic() + 10
    while any(map(_runs, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_runs, children))


def _runs(process: int) -> bool:
    """Whether a process runs; one that ended and was not yet fetched by its new parent does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split(") ")[1][0] not in "ZX"
    except OSError:
        return False


def test_children_that_are_kept_serve_one_call_after_the_other() -> None:
    with processes_kept():
        first, again = ({*map_ordered(whoami, range(6), workers=2)} for _ in range(2))
    after = {*map_ordered(whoami, range(6), workers=2)}
    assert os.getpid() not in first | again
    assert len(first | again) <= 2
    assert not after & (first | again)


def test_children_that_are_kept_outlive_a_reader_who_stops() -> None:
    with processes_kept():
        begun = map_ordered(double, range(100), workers=2)
        assert next(begun) == 0
        begun.close()  # type: ignore[attr-defined]
        assert list(map_ordered(double, range(3), workers=2)) == [0, 2, 4]


def test_a_killed_child_is_told_of_also_where_children_are_kept() -> None:
    with processes_kept(), pytest.raises(WorkerDied, match="want of memory"):
        list(map_ordered(die_at_three, range(20), workers=2))


def test_children_that_start_at_once_serve_and_have_loaded_what_they_were_told_to() -> None:
    with processes_kept(2, ["doppelscan.seeds"]):
        loaded = list(map_ordered(has_loaded, ["doppelscan.seeds", "doppelscan.estimates"], workers=2))
    assert loaded == [True, False]


def test_when_the_work_has_ended_nothing_of_the_children_is_left_for_the_end_of_the_interpreter() -> None:
    before = {*threading.enumerate()}
    list(map_ordered(double, range(4), workers=2))
    with processes_kept():
        list(map_ordered(double, range(4), workers=2))
    begun = map_ordered(double, range(100), workers=2)
    next(begun)
    begun.close()  # type: ignore[attr-defined]
    assert {*threading.enumerate()} <= before
