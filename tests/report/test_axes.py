import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from doppelscan.report.axes import Axis

finite = st.floats(-1e6, 1e6)


def test_values_lie_between_the_ends_in_proportion() -> None:
    axis = Axis(-1.0, 1.0, 100.0, 200.0)
    assert [axis(number) for number in (-1.0, 0.0, 0.5, 1.0)] == [100, 150, 175, 200]


def test_values_outside_lie_at_the_ends() -> None:
    assert [Axis(0.0, 1.0, 0.0, 10.0)(number) for number in (-5.0, 7.0)] == [0, 10]


def test_marks_stand_at_round_values() -> None:
    assert [tick.text for tick in Axis(0.12, 0.93, 0.0, 1.0).ticks(5)] == ["0.2", "0.4", "0.6", "0.8"]
    assert [tick.text for tick in Axis(0.0, 40.0, 0.0, 1.0).ticks(4)] == ["0", "10", "20", "30", "40"]


@given(finite, finite, st.integers(2, 10))
def test_marks_are_few_distinct_and_on_the_axis(low: float, high: float, n: int) -> None:
    assume(high - low > 1e-6 * max(1, abs(low), abs(high)))
    ticks = list(Axis(low, high, 0.0, 100.0).ticks(n))
    assert len(ticks) <= n + 1
    assert all(0 <= tick.at <= 100 for tick in ticks)
    assert len({tick.text for tick in ticks}) == len(ticks)
    assert all(
        float(tick.text) == pytest.approx(low + tick.at / 100 * (high - low), abs=(high - low) * 1e-3 + 1e-9)
        for tick in ticks
    )
