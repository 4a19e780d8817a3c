"""Work in child processes: in order, bounded, and honest about a child that dies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chores import die_at_three, double, fail_at_two
from doppelscan.workers import WorkerDied, counted, map_ordered


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
